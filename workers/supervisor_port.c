/* The supervisor's and the parser's port over the local worker. */
#include "workers/supervisor.h"

static void port_start(void *context, const struct hk_python_start *start, const struct hk_python_session *session)
{
    hk_local_python_start(context, start, session);
}

static void port_attach(void *context, const struct hk_job_key *key, const struct hk_python_session *session)
{
    hk_local_python_attach(context, key, session);
}

static void port_send(void *context, const struct hk_job_key *key, struct hk_str payload)
{
    hk_local_python_send(context, key, payload);
}

static void port_send_log(void *context, const struct hk_job_key *key, struct hk_str payload)
{
    hk_local_python_send_log(context, key, payload);
}

static void port_log(void *context, const struct hk_job_key *key, const char *level, const char *event)
{
    hk_local_log(context, key, level, event);
}

static void port_mask(void *context, const struct hk_job_key *key, struct hk_str secret)
{
    hk_local_mask(context, key, secret);
}

static void port_forget(void *context, const struct hk_job_key *key)
{
    hk_local_forget(context, key);
}

static const char *port_refusal(void *context, const struct hk_job_key *key)
{
    return hk_local_python_refusal(context, key);
}

struct hk_python_port hk_python_port_local(struct hk_local *local)
{
    return (struct hk_python_port){local,    port_start, port_attach, port_send,   port_send_log,
                                   port_log, port_mask,  port_forget, port_refusal};
}
