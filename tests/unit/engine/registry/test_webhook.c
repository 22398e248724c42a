/* Webhooks as values: events, names, URLs and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "engine/registry/webhook.h"

static struct hk_arena arena;

static int set_up(void **state)
{
    (void)state;
    hk_arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hk_arena_clear(&arena);
    return 0;
}

static void events_are_found_by_entity_and_action(void **state)
{
    (void)state;
    size_t event = 0;
    for (size_t i = 0; i < HK_WEBHOOK_EVENTS; i++) {
        const struct hk_webhook_event *e = &hk_webhook_events[i];
        assert_null(hk_webhook_event_find(&arena, hk_str_from(e->entity), hk_str_from(e->action), &event));
        assert_int_equal(event, i);
    }
    assert_null(hk_webhook_event_find(&arena, HK_STR("MODEL_VERSION_ALIAS"), HK_STR("DELETED"), &event));
    assert_string_equal(hk_webhook_event_find(&arena, HK_STR("MODEL_VERSION"), HK_STR("DELETED"), &event),
                        "Invalid action 'deleted' for entity 'model_version'. Valid actions are: ['created']");
    assert_string_equal(hk_webhook_event_find(&arena, HK_STR("PROMPT_TAG"), HK_STR("CREATED"), &event),
                        "Invalid action 'created' for entity 'prompt_tag'. Valid actions are: ['deleted', 'set']");
    assert_non_null(hk_webhook_event_find(&arena, HK_STR("NOPE"), HK_STR("CREATED"), &event));
    assert_non_null(hk_webhook_event_find(&arena, (struct hk_str){0}, (struct hk_str){0}, &event));
    assert_non_null(hk_webhook_event_find(&arena, HK_STR("BUDGET_POLICY"), HK_STR("EXCEEDED"), &event));
    assert_string_equal(hk_webhook_entity_name(2), "model_version");
    assert_string_equal(hk_webhook_action_name(4), "set");
    assert_null(hk_webhook_entity_name(0));
    assert_null(hk_webhook_action_name(99));
}

static void names_are_like_those_of_hosts(void **state)
{
    (void)state;
    static const char *const good[] = {"w", "my.hook_1-a", "W9"};
    static const char *const bad[] = {"",    "-w",  "w-",
                                      "w w", "w/x", "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(hk_webhook_name_mistake(&arena, hk_str_from(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(hk_webhook_name_mistake(&arena, hk_str_from(bad[i])));
    }
}

static void the_host_of_an_url_is_the_one_that_is_called(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *host; /* NULL: a mistake */
    } rows[] = {
        {"https://example.com/x", "example.com"},
        {"HTTPS://example.com", "example.com"},
        {"https://example.com:8443/x?y#z", "example.com"},
        {"https://user:password@example.com/x", "example.com"},
        {"https://a@b@example.com/x", "example.com"},
        {"https://[::1]:8443/x", "::1"},
        {"https://example.com\\@other.com/x", "example.com"},
        {"http://example.com", NULL},
        {"example.com", NULL},
        {"https:///x", NULL},
        {"https:example.com", NULL},
        {" ", NULL},
        {"https://exam ple.com/", NULL},
        {"ftp://example.com/", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *host = NULL;
        const char *mistake = hk_webhook_url_mistake(&arena, hk_str_from(rows[i].url), "https", &host);
        if (rows[i].host == NULL) {
            assert_non_null(mistake);
        } else {
            assert_null(mistake);
            assert_string_equal(host, rows[i].host);
        }
    }
    const char *host = NULL;
    assert_null(hk_webhook_url_mistake(&arena, HK_STR("http://h/"), "https, http", &host));
    assert_string_equal(hk_webhook_url_mistake(&arena, HK_STR("http://example.com"), "https", &host),
                        "Invalid webhook URL scheme: 'http'. Allowed schemes are: https.");
}

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        return hk_address_is_public((const struct sockaddr *)&in);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return hk_address_is_public((const struct sockaddr *)&in6);
}

static void only_the_internet_is_public(void **state)
{
    (void)state;
    static const char *const open[] = {"8.8.8.8",          "1.1.1.1",         "172.15.0.1",           "172.32.0.1",
                                       "100.63.0.1",       "100.128.0.1",     "2001:4860:4860::8888", "::ffff:8.8.8.8",
                                       "64:ff9b::808:808", "2002:808:808::1", "2606:4700::1111"};
    static const char *const closed[] = {"0.0.0.0",     "10.0.0.1",        "100.64.0.1",      "127.0.0.1",
                                         "127.255.0.1", "169.254.169.254", "172.16.0.1",      "192.0.2.1",
                                         "192.168.1.1", "198.18.0.1",      "198.51.100.1",    "203.0.113.1",
                                         "224.0.0.1",   "240.0.0.1",       "255.255.255.255", "::",
                                         "::1",         "fc00::1",         "fe80::1",         "ff02::1",
                                         "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",  "2002:7f00:1::1",
                                         "2001::1",     "100::1",          "64:ff9b:1::1",    "::127.0.0.1"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        assert_true(is_public(open[i]));
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        assert_false(is_public(closed[i]));
    }
    const struct sockaddr other = {.sa_family = AF_UNIX};
    assert_false(hk_address_is_public(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_are_found_by_entity_and_action, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_like_those_of_hosts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_host_of_an_url_is_the_one_that_is_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_internet_is_public, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
