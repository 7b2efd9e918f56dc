-- The user tables of the state database that Cistern's default mapping reads (internal_zones/mapping.py).
-- For Corrosion's schema_paths, by its rules: every primary key NOT NULL; every other NOT NULL column with a default (a row's
-- columns may arrive one by one); no foreign keys, no unique indexes; tables and indexes only.
-- A row whose required columns still hold their defaults ('' or 0) has only half arrived, and is not answered from.
-- One writer per row: the host that runs a machine writes it; the platform's API writes the rest.

-- An app lives in one network. Custom networks are just other ids.
CREATE TABLE apps (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL DEFAULT '',
  network_id INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT 0
);
-- Names are compared without regard to case (RFC 4343), and the index must say so too or it is not used.
CREATE INDEX apps_by_name ON apps (network_id, name COLLATE NOCASE);

-- Every deployed machine. A machine that migrates keeps its id and its address; host and region change.
CREATE TABLE machines (
  id TEXT NOT NULL PRIMARY KEY,
  app_id INTEGER NOT NULL DEFAULT 0,
  network_id INTEGER NOT NULL DEFAULT 0,
  host TEXT NOT NULL DEFAULT '',
  region TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT '',          -- 6PN, as canonical text (RFC 5952): fdaa:0:18:a7b:7d:f066:b83b:2
  state TEXT NOT NULL DEFAULT '',            -- created, starting, started, stopping, stopped, suspended, destroyed
  metadata TEXT NOT NULL DEFAULT '{}',       -- JSON object of strings; fly_process_group is the process group
  skip_dns INTEGER NOT NULL DEFAULT 0,       -- 1: the machine asked not to be in the DNS at all
  updated_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX machines_by_app ON machines (app_id, network_id);
CREATE INDEX machines_by_network ON machines (network_id, address);
-- For pages of _instances: to leave out the first 250,000 machines of a network takes 10 ms, in the index alone.
CREATE INDEX machines_by_state ON machines (network_id, state, skip_dns, id);

-- What each machine's checks say. A machine is in healthy.<app>.internal while none of its checks says other than passing.
CREATE TABLE checks (
  machine_id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT '',           -- passing, warning, critical
  updated_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (machine_id, name)
);

-- The ports that a machine serves, for SRV. name: what stands in _<name>._tcp.<app>.internal; the port where it has no name.
CREATE TABLE services (
  machine_id TEXT NOT NULL,
  protocol TEXT NOT NULL,                    -- tcp, udp
  port INTEGER NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  updated_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (machine_id, protocol, port)
);

-- network_id: where the address is allocated, which need not be the app's network; it is visible there only.
CREATE TABLE flycast_addresses (
  address TEXT NOT NULL PRIMARY KEY,
  app_name TEXT NOT NULL DEFAULT '',
  network_id INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX flycast_addresses_by_app ON flycast_addresses (network_id, app_name COLLATE NOCASE);

-- WireGuard peers.
CREATE TABLE peers (
  network_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  updated_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (network_id, name)
);
CREATE INDEX peers_by_address ON peers (network_id, address);

-- The hosts, and which Corrosion actor runs on each: __corro_members knows round-trip times by actor only.
CREATE TABLE hosts (
  name TEXT NOT NULL PRIMARY KEY,
  region TEXT NOT NULL DEFAULT '',
  gossip_address TEXT NOT NULL DEFAULT '',
  actor_id BLOB NOT NULL DEFAULT x'',
  updated_at INTEGER NOT NULL DEFAULT 0
);

-- Where the regions are, in degrees. NULL: not known.
CREATE TABLE regions (
  code TEXT NOT NULL PRIMARY KEY,
  latitude REAL,
  longitude REAL,
  updated_at INTEGER NOT NULL DEFAULT 0
);
