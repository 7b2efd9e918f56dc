/* What real_env_calls.py says, in C: compiled, it stands in that module's place, and has to do the same.

   The interpreter's lock is kept: none of these calls waits, and getting it back from another thread may take long. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <arpa/inet.h>
#include <net/if.h>

#define WANTS(number) if (count != number) return PyErr_Format(PyExc_TypeError, #number " arguments are wanted")

enum { SLOTS = 64, QUERY_OCTETS = 4096, PARTS = 4 };  /* those of a resolver.env.Datagram */
typedef union { struct sockaddr any; struct sockaddr_in ipv4; struct sockaddr_in6 ipv6; char octets[32]; } Peer;
typedef union { struct cmsghdr header; char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))]; } Control;
typedef struct { Peer peer; Control control; } Head;
static struct mmsghdr headers[SLOTS];  /* of whichever batch is under way: the lock is kept */
static struct iovec vectors[SLOTS];

static PyObject *failure(void) { return PyErr_SetFromErrno(PyExc_OSError); }
static PyObject *bytes_of(const void *octets, Py_ssize_t count) { return PyBytes_FromStringAndSize(octets, count); }
static int number_of(PyObject *given) { return (int)PyLong_AsLong(given); }  /* -1: none; no descriptor is */

static int read_address(Peer *peer, PyObject *text, PyObject *port) {
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE];
    const char *given = PyUnicode_AsUTF8(text);
    errno = EINVAL;
    if (given == NULL || snprintf(host, sizeof host, "%s", given) >= (int)sizeof host) return 0;
    char *zone = host, *address = strsep(&zone, "%");  /* NULL: it names no interface */
    *peer = (Peer){.ipv6 = {.sin6_port = htons(number_of(port)), .sin6_scope_id = zone ? if_nametoindex(zone) : 0}};
    peer->any.sa_family = strchr(host, ':') ? AF_INET6 : AF_INET;  /* the port of either stands at the same place */
    if (peer->any.sa_family == AF_INET6) return inet_pton(AF_INET6, address, &peer->ipv6.sin6_addr);
    return inet_pton(AF_INET, address, &peer->ipv4.sin_addr);
}

static PyObject *open_udp(PyObject *module, PyObject *const *given, Py_ssize_t count) {
    Peer from, to;
    WANTS(4);
    int is_read = read_address(&from, given[0], given[1]) && read_address(&to, given[2], given[3]);
    if (!is_read || PyErr_Occurred()) return PyErr_Occurred() ? NULL : failure();
    int is_ipv6 = to.any.sa_family == AF_INET6, level = is_ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !setsockopt(fd, level, is_ipv6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &(int){IP_PMTUDISC_OMIT}, sizeof(int))
        && !bind(fd, &from.any, sizeof from.ipv6) && !connect(fd, &to.any, sizeof to.ipv6)) return PyLong_FromLong(fd);
    PyObject *told = failure();
    return close(fd), told;
}

static PyObject *receive_batch(PyObject *module, PyObject *const *given, Py_ssize_t count) {
    static Head heads[SLOTS];
    static char queries[SLOTS][QUERY_OCTETS];
    WANTS(3);
    int is_bound = given[1] != Py_None;
    for (int slot = 0; slot < SLOTS; slot++) {
        vectors[slot] = (struct iovec){queries[slot], QUERY_OCTETS};
        headers[slot].msg_hdr = (struct msghdr){&heads[slot].peer, sizeof(Peer), &vectors[slot], 1,
                                                &heads[slot].control, is_bound ? 0 : sizeof(Control), 0};
        heads[slot].control.header.cmsg_len = 0;
    }
    int received = recvmmsg(number_of(given[0]), headers, SLOTS, MSG_DONTWAIT, NULL);
    PyObject *batch = PyList_New(received > 0 ? received : 0), *made = batch;
    for (int slot = 0; made != NULL && slot < received; slot++) {
        Head *head = &heads[slot];
        struct in_pktinfo *ipv4 = (struct in_pktinfo *)CMSG_DATA(&head->control.header);
        struct in6_pktinfo *ipv6 = (struct in6_pktinfo *)CMSG_DATA(&head->control.header);
        int is_ipv6 = head->peer.any.sa_family == AF_INET6;
        Py_ssize_t octets = is_ipv6 ? sizeof ipv6->ipi6_addr : sizeof ipv4->ipi_spec_dst;
        void *client = is_ipv6 ? (void *)&head->peer.ipv6.sin6_addr : &head->peer.ipv4.sin_addr;
        void *asked = is_ipv6 ? (void *)&ipv6->ipi6_addr : &ipv4->ipi_spec_dst;
        *(is_ipv6 ? (int *)&ipv6->ipi6_ifindex : &ipv4->ipi_ifindex) = 0;  /* routing decides where the reply leaves */
        PyObject *parts[] = {bytes_of(queries[slot], headers[slot].msg_len), bytes_of(client, octets),
                             is_bound ? Py_NewRef(given[1]) : bytes_of(asked, octets), bytes_of(head, sizeof *head)};
        int is_whole = parts[0] && parts[1] && parts[2] && parts[3];
        made = is_whole ? PyObject_Vectorcall(given[2], parts, PARTS, NULL) : NULL;
        for (int part = 0; part < PARTS; part++) Py_XDECREF(parts[part]);
        PyList_SET_ITEM(batch, slot, made);
    }
    return PyErr_Occurred() ? Py_XDECREF(batch), NULL : batch;
}

static PyObject *send_batch(PyObject *module, PyObject *const *given, Py_ssize_t count) {
    int filled = 0, refused = 0;
    WANTS(2);
    for (; filled < SLOTS && filled < PyList_Size(given[1]); filled++) {
        PyObject *message, *head;
        if (!PyArg_UnpackTuple(PyList_GET_ITEM(given[1], filled), "a reply", 2, 2, &message, &head)) return NULL;
        if (!PyBytes_Check(message) || !PyBytes_Check(head) || PyBytes_GET_SIZE(head) != sizeof(Head))
            return PyErr_Format(PyExc_ValueError, "no message, or a head of another length");
        Head *to = (Head *)PyBytes_AS_STRING(head);
        vectors[filled] = (struct iovec){PyBytes_AS_STRING(message), PyBytes_GET_SIZE(message)};
        headers[filled].msg_hdr = (struct msghdr){&to->peer, sizeof to->peer.ipv6, &vectors[filled], 1,
                                                  &to->control, to->control.header.cmsg_len ? sizeof(Control) : 0, 0};
    }
    for (int done = 0; done < filled;) {
        int sent = sendmmsg(number_of(given[0]), headers + done, filled - done, MSG_DONTWAIT);
        int lost = sent > 0 || errno == EINTR ? 0 : errno == EAGAIN ? filled - done : 1;  /* full, or no way to this one */
        done += sent > 0 ? sent : lost;
        refused += lost;
    }
    return PyErr_Occurred() ? NULL : PyLong_FromLong(refused);
}

static PyMethodDef methods[] = {
    {"open_udp", (PyCFunction)open_udp, METH_FASTCALL, NULL},
    {"receive_batch", (PyCFunction)receive_batch, METH_FASTCALL, NULL},
    {"send_batch", (PyCFunction)send_batch, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "real_env_calls", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_real_env_calls(void) {
    PyObject *module = PyModule_Create(&definition);
    return module == NULL || PyModule_AddIntMacro(module, SLOTS) ? NULL : module;
}
