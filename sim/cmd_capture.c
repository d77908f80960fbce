/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk capture: runs a program under Valgrind and writes its trace. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "commands.h"
#include "options.h"
#include "progress.h"
#include "trace.h"

enum { OPTION_SKIP = 256, OPTION_ACCESSES, OPTION_BYTES = 32, EXIT_NOT_STARTED = 127 };

/* For the signals that end a capture: there is no other way to tell their handler. */
static volatile sig_atomic_t interrupted;
static volatile pid_t traced;

struct arguments {
    const char *output;
    uint64_t skip, accesses;
    bool quiet;
    char **program; /* with its arguments */
};

static const struct argp_option option_table[] = {
    {"output", 'o', "FILE", 0, "the trace, .twt or .twt.zst (default: trace.twt.zst)", 1},
    {"skip", OPTION_SKIP, "N", 0, "leave out the first N accesses", 1},
    {"accesses", OPTION_ACCESSES, "N", 0, "end the program after N accesses (default: when it ends)", 1},
    {"quiet", 'q', NULL, 0, "no progress line and no summary", 1},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 'o':
        arguments->output = arg;
        return 0;
    case 'q':
        arguments->quiet = true;
        return 0;
    case OPTION_SKIP:
        arguments->skip = option_count(state, "skip", arg);
        return 0;
    case OPTION_ACCESSES:
        arguments->accesses = option_count(state, "accesses", arg);
        if (arguments->accesses < TRACE_LEAST_ROOM)
            argp_error(state, "--accesses: at least %d", TRACE_LEAST_ROOM);
        return 0;
    case ARGP_KEY_ARGS:
        arguments->program = state->argv + state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which program?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "-- PROGRAM [ARGUMENT...]",
    .doc = "Runs a program under Valgrind and writes a trace of its memory accesses, with what it had mapped "
           "(docs/traces.md).\v"
           "The program keeps its standard input and output. Of several processes only the first is traced: "
           "name the program that does the work, not a script around it.",
};

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Whether a command can be found as execvp() would. */
static bool is_command(const char *name)
{
    if (strchr(name, '/'))
        return is_program(name);

    const char *search = getenv("PATH");
    char *path = strdup(search ? search : "/bin:/usr/bin"), *rest = path;
    bool found = false;
    while (path && !found && rest) {
        const char *directory = strsep(&rest, ":");
        char *candidate;
        if (asprintf(&candidate, "%s/%s", *directory ? directory : ".", name) < 0)
            break;
        found = is_program(candidate);
        free(candidate);
    }
    free(path);
    return found;
}

/* What was written stays, and there is no more: the log ends with the program. */
static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
    if (traced > 0)
        kill(traced, SIGKILL);
}

/* Not for signals that are ignored, as those of the terminal are for a job in the background. */
static void end_on_signals(const sigset_t *signals)
{
    const struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    struct sigaction before;

    for (int number = 1; number < NSIG; number++)
        if (sigismember(signals, number) == 1 && sigaction(number, NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN)
            sigaction(number, &action, NULL);
}

/* In the new process: it is not to outlive `parent`. */
static void __attribute__((noreturn)) become(char **argv, int log, pid_t parent)
{
    fcntl(log, F_SETFD, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        execvp(argv[0], argv);
    _exit(EXIT_NOT_STARTED);
}

/* Starts Valgrind with its log in the pipe; signals end it from then on. -1 after a message. */
static pid_t start(char **program, const int log[2])
{
    char log_option[OPTION_BYTES];
    size_t count = 0;

    snprintf(log_option, sizeof(log_option), "--log-fd=%d", log[1]);
    while (program[count])
        count++;
    const char *const options[] = {"valgrind",
                                   "--tool=lackey",
                                   "--trace-mem=yes",
                                   log_option,
                                   "--trace-syscalls=yes",
                                   "--child-silent-after-fork=yes",
                                   "--vgdb=no",
                                   "--"};
    enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
    char **argv = calloc(OPTIONS + count + 1, sizeof(*argv));
    pid_t pid = -1, parent = getpid();
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &before); /* until it is known whom they end */
    if (argv) {
        memcpy(argv, options, sizeof(options));
        memcpy(argv + OPTIONS, program, count * sizeof(*argv));
        pid = fork();
    }
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        become(argv, log[1], parent);
    }
    if (pid < 0) {
        fprintf(stderr, "twinwalk capture: %s\n", strerror(errno));
    } else {
        traced = pid;
        end_on_signals(&signals);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(argv);
    return pid;
}

static void show_progress(const struct capture *capture)
{
    static time_t last;
    time_t now = time(NULL);
    if (now == last)
        return;
    last = now;
    fprintf(stderr, "\r%.1f million accesses seen, %.1f million written   ", (double)capture->seen / 1e6,
            (double)capture->written / 1e6);
}

static void print_summary(const struct arguments *arguments, const struct capture *capture, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fprintf(stderr, "%s: ended with exit status %d\n", arguments->program[0], WEXITSTATUS(status));
    if (WIFSIGNALED(status) && !capture->complete && !interrupted)
        fprintf(stderr, "%s: ended by signal %d\n", arguments->program[0], WTERMSIG(status));
    if (capture->became[0] != '\0' && !interrupted)
        fprintf(stderr,
                "twinwalk capture: warning: %s became %s by execve(), which is not traced: name it itself\n",
                arguments->program[0], capture->became);
    if (arguments->quiet)
        return;
    printf("%llu accesses written to %s, after %llu; %llu outside of every mapping\n",
           (unsigned long long)capture->written, arguments->output,
           (unsigned long long)(capture->seen - capture->written), (unsigned long long)capture->outside);
}

static int run(const struct arguments *arguments)
{
    int log[2], status = 0;

    if (pipe2(log, O_CLOEXEC) != 0) {
        fprintf(stderr, "twinwalk capture: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    pid_t pid = start(arguments->program, log);
    close(log[1]);
    if (pid < 0) {
        close(log[0]);
        return EXIT_INTERNAL;
    }
    struct capture capture = {
        .pid = pid,
        .log = log[0],
        .output = arguments->output,
        .skip = arguments->skip,
        .accesses = arguments->accesses ? arguments->accesses : UINT64_MAX,
        .stop = &interrupted,
        .progress = !arguments->quiet && isatty(STDERR_FILENO) ? show_progress : NULL,
    };
    bool good = capture_run(&capture);
    close(log[0]);
    if (capture.progress)
        progress_clear();
    if (capture.complete || interrupted || !good)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    traced = 0;
    if (interrupted)
        fprintf(stderr, "twinwalk capture: interrupted; %s\n",
                good ? "the trace ends there" : "there is no trace");
    if (good)
        print_summary(arguments, &capture, status);
    return interrupted ? EXIT_INTERNAL : good ? EXIT_AGREED : EXIT_USAGE;
}

int cmd_capture(int argc, char **argv)
{
    struct arguments arguments = {.output = "trace.twt.zst"};

    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &arguments) != 0)
        return EXIT_USAGE;
    if (!is_command("valgrind")) {
        fprintf(stderr, "twinwalk capture: needs valgrind (Debian package valgrind), which is not there\n");
        return EXIT_USAGE;
    }
    if (!is_command(arguments.program[0])) {
        fprintf(stderr, "twinwalk capture: %s: no such program\n", arguments.program[0]);
        return EXIT_USAGE;
    }
    return run(&arguments);
}
