"""The engine alone on a virtual clock: no trio, no socket; an hour of a client's questions takes milliseconds."""
