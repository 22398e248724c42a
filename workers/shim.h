/* The shim: the small process that owns the tasks' processes, so that the engine may die, or be replaced by a newer
 * one, while tasks run. It is started by the engine with the first job ("hanok shim --home DIR", the connection as
 * descriptor 3) and knows nothing of DAGs: it spawns, relays, writes log files, and remembers how each job ended until
 * the engine says FORGET (workers/shim_wire.h has the messages).
 *
 *   - Single-threaded, one libuv loop; a process group per job; children die with it (parent-death signal), and what
 *     they left is adopted (child subreaper) so that nothing is ever reaped by nobody.
 *   - Commands may be handed over before there is a slot for them: they begin in the order in which they came, each the
 *     moment one is free (shim_turn.c).
 *   - HOME/run/shim.sock admits the next engine, of the same user only; HOME/run/shim.lock makes it one per home;
 *     HOME/run/exits keeps the unforgotten results in case the shim itself is killed; HOME/run/shim.log and host.log
 *     have what it and the Python host have to say.
 *   - Without an engine jobs go on, messages of Python processes wait (a process with too many of them is not read any
 *     more). After HK_SHIM_ALONE_MS without one it ends all and exits.
 *   - A task's background processes may outlive it, as with Airflow, unless the task was stopped or timed out: then
 *     its whole group goes. They hold up the result by at most HK_SHIM_DRAIN_MS.
 */
#ifndef HK_WORKERS_SHIM_H
#define HK_WORKERS_SHIM_H

enum {
    HK_SHIM_ALONE_MS = 10 * 60 * 1000,
    HK_SHIM_DRAIN_MS = 1000, /* how long output may still come after a process has ended */
    HK_SHIM_FLUSH_MS = 200,  /* age of the oldest log line that is not yet in its file */
    HK_SHIM_NEWS_MS = 5, /* how late the engine may hear of a command's start and end while others wait for a slot */
};

/* "shim --home DIR [--engine FD]". Returns the exit status. */
int hk_shim_main(int argc, char **argv);

#endif
