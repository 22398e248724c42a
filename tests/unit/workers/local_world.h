/* For the tests of the local worker: a worker with a real shim and real processes in a temporary home, and what it
 * reported. The test program is the shim, too ("test_local shim ..."), the Python host ("test_local fake-host") and
 * engines that are killed
 * ("test_local engine HOME"). */
#ifndef HK_TESTS_LOCAL_WORLD_H
#define HK_TESTS_LOCAL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/alloc.h"
#include "workers/folder.h"
#include "workers/local.h"
#include "workers/proc_search.h"
#include "workers/shim.h"

static char program[4096];
static const char *const environment[] = {"PATH=/usr/bin:/bin", "GREETING=hello", "ASAN_OPTIONS=detect_leaks=1", NULL};

enum { MAX_RESULTS = 600 };

struct result {
    struct hk_job_key key;
    enum hk_job_outcome outcome;
    int exit_code;
    char message[256];
    char xcom[256];
};

struct world {
    uv_loop_t loop;
    uv_timer_t limit;
    struct hk_graph *graph;
    struct hk_local *local;
    struct hk_executor executor;
    char home[64];
    struct result results[MAX_RESULTS];
    size_t result_count;
    size_t started_count;
    int last_pid;
    size_t wanted;
    bool holds_commits; /* results are not acknowledged */
    bool is_stopped;
    bool is_recovered;
    enum hk_job_recovery answers[16];
    char message[256];
    int python_exit;
    bool has_python_ended;
};

__attribute__((unused)) static void on_started(void *context, const struct hk_job_key *key, int64_t at, int pid)
{
    struct world *w = context;
    (void)key;
    assert_true(at > 0 && pid > 1);
    w->last_pid = pid;
    w->started_count++;
    if (w->wanted == SIZE_MAX) {
        uv_stop(&w->loop);
    }
}

__attribute__((unused)) static void on_finished(void *context, const struct hk_job_key *key,
                                                const struct hk_job_result *r, void (*committed)(void *arg), void *arg)
{
    struct world *w = context;
    assert_true(w->result_count < MAX_RESULTS);
    struct result *to = &w->results[w->result_count++];
    *to = (struct result){.key = *key, .outcome = r->outcome, .exit_code = r->exit_code};
    snprintf(to->message, sizeof to->message, "%s", r->message != NULL ? r->message : "");
    snprintf(to->xcom, sizeof to->xcom, "%.*s", HK_STR_ARG(r->xcom_json));
    if (committed != NULL && !w->holds_commits) {
        committed(arg);
    }
    if (w->result_count >= w->wanted) {
        uv_stop(&w->loop);
    }
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "test_local: nothing happened for 30 s\n");
    abort();
}

__attribute__((unused)) static void open_world(struct world *w, const char *home)
{
    memset(w, 0, sizeof *w);
    snprintf(w->home, sizeof w->home, "%s", home);
    struct hk_graph_builder *b = hk_graph_builder_new();
    struct hk_graph *dag = hk_graph_builder_dag(b);
    dag->dag_id = hk_graph_builder_text(b, "demo");
    dag->fileloc = hk_graph_builder_text(b, "/dags/demo.yaml");
    hk_graph_builder_task(b, HK_STR("t"));
    struct hk_error err;
    assert_true(hk_graph_build(b, &w->graph, &err));
    uv_loop_init(&w->loop);
    uv_timer_init(&w->loop, &w->limit);
    uv_timer_start(&w->limit, on_limit, 30000, 0);
    char logs[128];
    snprintf(logs, sizeof logs, "%s/logs", home);
    struct hk_local_options options = {.loop = &w->loop,
                                       .clock = hk_clock_system(),
                                       .program = program,
                                       .home = home,
                                       .log_folder = logs,
                                       .python = program,
                                       .host_script = "fake-host",
                                       .environment = environment,
                                       .parallelism = 4,
                                       .host = {.context = w, .started = on_started, .finished = on_finished}};
    w->local = hk_local_new(&options);
    w->executor = hk_local_executor(w->local);
}

__attribute__((unused)) static void make_home(char *home)
{
    snprintf(home, 64, "/tmp/hanok-test-XXXXXX");
    assert_non_null(mkdtemp(home));
}

__attribute__((unused)) static void on_stopped(void *arg)
{
    struct world *w = arg;
    w->is_stopped = true;
    uv_stop(&w->loop);
}

/* The shim's own words: a sanitizer's complaint would be there. */
__attribute__((unused)) static void check_shim_log(const struct world *w)
{
    char path[128];
    static char text[64 * 1024];
    snprintf(path, sizeof path, "%s/run/shim.log", w->home);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
    if (strstr(text, "Sanitizer") != NULL || strstr(text, "runtime error") != NULL || strstr(text, "assert") != NULL) {
        print_message("%s", text);
        fail();
    }
}

__attribute__((unused)) static void close_world(struct world *w)
{
    hk_local_stop(w->local, on_stopped, w);
    while (!w->is_stopped) {
        uv_run(&w->loop, UV_RUN_DEFAULT);
    }
    hk_local_free(w->local);
    uv_close((uv_handle_t *)&w->limit, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    hk_graph_unref(w->graph);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie, no child */
    assert_int_equal(errno, ECHILD);
    check_shim_log(w);
    hk_folder_remove(w->home);
}

/* A task whose spec is the given JSON; valid until the next call. */
__attribute__((unused)) static struct hk_job make_job(struct world *w, int64_t run, const char *spec)
{
    static struct hk_task task;
    task = w->graph->tasks[0];
    task.task_id = "t";
    task.runner = HK_RUNNER_COMMAND;
    task.spec_json = spec;
    static char log_path[64];
    snprintf(log_path, sizeof log_path, "dag_id=demo/run_id=r%d/task_id=t/attempt=1.log", (int)run);
    return (struct hk_job){.key = {.run = run, .task = 0, .map_index = -1, .try_number = 1},
                           .graph = w->graph,
                           .task = &task,
                           .run_id = "r",
                           .run_type = "manual",
                           .run_state = "running",
                           .conf_json = "{}",
                           .logical_at_us = HK_TIME_NONE,
                           .interval_start_us = HK_TIME_NONE,
                           .interval_end_us = HK_TIME_NONE,
                           .run_after_us = HK_TIME_NONE,
                           .run_start_us = HK_TIME_NONE,
                           .first_start_us = HK_TIME_NONE,
                           .shown_try = 1,
                           .log_path = log_path};
}

__attribute__((unused)) static void start(struct world *w, int64_t run, const char *spec)
{
    struct hk_job job = make_job(w, run, spec);
    w->executor.start(w->executor.context, &job);
}

__attribute__((unused)) static void wait_results(struct world *w, size_t count)
{
    w->wanted = count;
    uv_timer_start(&w->limit, on_limit, 30000, 0);
    while (w->result_count < count) {
        uv_run(&w->loop, UV_RUN_DEFAULT);
    }
}

__attribute__((unused)) static void wait_started(struct world *w)
{
    w->wanted = SIZE_MAX;
    size_t before = w->started_count;
    while (w->started_count == before) {
        uv_run(&w->loop, UV_RUN_DEFAULT);
    }
}

__attribute__((unused)) static const struct result *run(struct world *w, const char *spec)
{
    start(w, (int64_t)w->result_count + 1, spec);
    wait_results(w, w->result_count + 1);
    return &w->results[w->result_count - 1];
}

__attribute__((unused)) static char *read_log(struct world *w, int run_number)
{
    char path[256];
    snprintf(path, sizeof path, "%s/logs/dag_id=demo/run_id=r%d/task_id=t/attempt=1.log", w->home, run_number);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    static char text[64 * 1024];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

__attribute__((unused)) static size_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(folder) != NULL) {
        n++;
    }
    closedir(folder);
    return n;
}

__attribute__((unused)) static size_t count_folders(const char *prefix)
{
    DIR *folder = opendir("/tmp");
    size_t n = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(folder);
    return n;
}

/* --- engines that die --- */

__attribute__((unused)) static void kill_engine(const char *home, const char *what, int *shim_pid)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ready[1], 1);
        execl(program, program, "engine", home, what, (char *)NULL);
        _exit(126);
    }
    close(ready[1]);
    char c;
    assert_int_equal(read(ready[0], &c, 1), 1);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    char path[128];
    char text[32] = "";
    snprintf(path, sizeof path, "%s/run/shim.lock", home);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
    close(fd);
    int64_t found;
    assert_true(hk_str_to_i64(hk_str_from(text), &found));
    *shim_pid = (int)found;
}

__attribute__((unused)) static void on_recovered(void *arg, const enum hk_job_recovery *answers, size_t count)
{
    struct world *w = arg;
    memcpy(w->answers, answers, count * sizeof *answers);
    w->is_recovered = true;
    uv_stop(&w->loop);
}

__attribute__((unused)) static void recover(struct world *w, const struct hk_job *jobs, size_t count)
{
    w->executor.recover(w->executor.context, jobs, count, on_recovered, w);
    assert_false(w->is_recovered);
    while (!w->is_recovered) {
        uv_run(&w->loop, UV_RUN_DEFAULT);
    }
}

/* --- Python --- */

__attribute__((unused)) static void on_python_message(void *context, struct hk_str payload)
{
    struct world *w = context;
    snprintf(w->message, sizeof w->message, "%.*s", HK_STR_ARG(payload));
    uv_stop(&w->loop);
}

__attribute__((unused)) static void on_python_ended(void *context, int exit_code)
{
    struct world *w = context;
    w->python_exit = exit_code;
    w->has_python_ended = true;
    uv_stop(&w->loop);
}

static const struct hk_job_key python_key = {.run = 9, .task = 0, .map_index = -1, .try_number = 1};

__attribute__((unused)) static void start_python_job(struct world *w, const struct hk_job_key *key, const char *first,
                                                     const struct hk_python_session *session)
{
    char id[HK_JOB_ID_SIZE];
    hk_job_key_format(key, id);
    static const char *const env[] = {"EXTRA=1", NULL};
    struct hk_python_start s = {.kind = HK_PYTHON_TASK,
                                .key = *key,
                                .id = id,
                                .dag_file = "/dags/demo.py",
                                .dag_id = "demo",
                                .run_id = "r",
                                .task_id = "t",
                                .log_path = "dag_id=demo/run_id=r9/task_id=t/attempt=1.log",
                                .environment = env,
                                .first = hk_str_from(first)};
    hk_local_python_start(w->local, &s, session);
}

__attribute__((unused)) static void start_python(struct world *w, const char *first)
{
    start_python_job(w, &python_key, first, &(struct hk_python_session){w, on_python_message, on_python_ended});
}

__attribute__((unused)) static void wait_python(struct world *w)
{
    w->message[0] = '\0';
    uv_timer_start(&w->limit, on_limit, 30000, 0);
    while (w->message[0] == '\0' && !w->has_python_ended) {
        uv_run(&w->loop, UV_RUN_DEFAULT);
    }
}

/* --- this program's other lives --- */

__attribute__((unused)) static void send_line(const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (write(3, text, (size_t)n) != n) {
        _exit(1);
    }
}

__attribute__((unused)) static void send_frame(int fd, const char *text)
{
    uint32_t len = htonl((uint32_t)strlen(text));
    if (write(fd, &len, 4) != 4 || write(fd, text, strlen(text)) < 0) {
        _exit(1);
    }
}

__attribute__((unused)) static void receive_frame(int fd, char *out)
{
    uint32_t len = 0;
    if (recv(fd, &len, 4, MSG_WAITALL) != 4) {
        _exit(9);
    }
    len = ntohl(len);
    if (recv(fd, out, len, MSG_WAITALL) != (ssize_t)len) {
        _exit(9);
    }
    out[len] = '\0';
}

/* As receive_frame, with the descriptor that came with it; -1: none. */
__attribute__((unused)) static int receive_frame_and_fd(int fd, char *out)
{
    uint32_t len = 0;
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec io = {&len, 4};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &m, MSG_WAITALL) != 4) {
        _exit(9);
    }
    int came = -1;
    if (CMSG_FIRSTHDR(&m) != NULL) {
        memcpy(&came, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof came);
    }
    len = ntohl(len);
    if (recv(fd, out, len, MSG_WAITALL) != (ssize_t)len) {
        _exit(9);
    }
    out[len] = '\0';
    return came;
}

__attribute__((unused)) static void fake_task(const int fds[4])
{
    char text[256];
    char answer[300];
    receive_frame(fds[0], text);
    dprintf(fds[1], "on stdout \n");
    dprintf(fds[2], "on stderr\n");
    dprintf(fds[3], "{\"timestamp\":\"2026-11-22T00:00:00Z\",\"level\":\"info\",\"event\":\"on logs\"}\n");
    snprintf(answer, sizeof answer, "\x92\x05got %s", text);
    send_frame(fds[0], answer);
    int log = receive_frame_and_fd(fds[0], text);
    while (log >= 0) {
        dprintf(log, "{\"timestamp\":\"2026-11-22T00:00:01Z\",\"level\":\"info\",\"event\":\"%s\",\"more\":[\"%s\"]}\n",
                text + 2, text + 2);
        send_frame(fds[0], "\x92\x06ok");
        close(log);
        log = receive_frame_and_fd(fds[0], text);
    }
    if (strcmp(text + 2, "kill host") == 0) {
        kill(getppid(), SIGKILL);
        pause();
    }
    if (strncmp(text + 2, "print ", 6) == 0) {
        dprintf(fds[1], "%s on stdout\n", text + 2);
        dprintf(fds[2], "%s on stderr\n", text + 2);
        _exit(0);
    }
    int64_t code = 1;
    hk_str_to_i64(hk_str_from(text + 7), &code);
    _exit((int)code);
}

__attribute__((unused)) static int fake_host(void)
{
    send_line("{\"op\":\"hello\",\"pid\":%d,\"sdk\":\"0\"}\n", (int)getpid());
    for (;;) {
        char line[4096];
        char control[CMSG_SPACE(4 * sizeof(int))];
        struct iovec io = {line, sizeof line - 1};
        struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(3, &m, 0);
        if (n <= 0) {
            return 0;
        }
        line[n] = '\0';
        int fds[4];
        memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fds);
        char id[64];
        const char *at = strstr(line, "\"id\":\"");
        if (at == NULL || strstr(line, "\"env\":{\"EXTRA\":\"1\"}") == NULL) {
            return 1;
        }
        snprintf(id, sizeof id, "%.36s", at + 6);
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0);
            fake_task(fds);
        }
        for (int i = 0; i < 4; i++) {
            close(fds[i]);
        }
        send_line("{\"op\":\"started\",\"id\":\"%s\",\"pid\":%d}\n", id, (int)pid);
        int status;
        waitpid(pid, &status, 0);
        send_line("{\"op\":\"exited\",\"id\":\"%s\",\"status\":%d,\"utime\":0.1,\"stime\":0.1,\"maxrss\":1}\n", id,
                  status);
    }
}

__attribute__((unused)) static int doomed_engine(const char *home, const char *what)
{
    static struct world w;
    open_world(&w, home);
    w.holds_commits = true;
    if (strcmp(what, "python") == 0) {
        start_python(&w, "startup");
        wait_python(&w);
    } else {
        start(&w, 1, "{\"command\": \"echo quick\"}");
        wait_results(&w, 1);
        start(&w, 2, "{\"command\": \"sleep 1; echo slow\"}");
        wait_started(&w);
        start(&w, 3, "{\"command\": \"sleep 60 & sleep 61; true\"}");
        wait_started(&w);
    }
    if (write(1, "r", 1) != 1) {
        return 1;
    }
    pause();
    return 0;
}

/* Whatever this program was started as besides the test; false: the test. */
__attribute__((unused)) static bool live_another_life(int argc, char **argv, int *status)
{
    if (realpath("/proc/self/exe", program) == NULL) {
        abort();
    }
    if (argc > 1 && strcmp(argv[1], "shim") == 0) {
        *status = hk_shim_main(argc, argv);
    } else if (argc > 1 && strcmp(argv[1], "fake-host") == 0) {
        *status = fake_host();
    } else if (argc > 3 && strcmp(argv[1], "engine") == 0) {
        *status = doomed_engine(argv[2], argv[3]);
    } else {
        return false;
    }
    return true;
}

#endif
