//go:build linux && cgo

// The first process of every container, and of every command that is run beside its own. It is a mode of the shim's binary, chosen by argv[0], that runs before the Go
// runtime would: a container pays 100 KB for it and not 2 MB. It starts the command, forwards signals to it (a pid 1
// without handlers would ignore them), reaps what is orphaned, and tells the shim over file descriptor 3:
//
//	{'E', errno}   the command could not be exec'ed; the container ends
//	{'R', 0}       the command runs
//	{'X', status}  it has ended, as of wait(2)
//
// With "-h" there is no command, and it stays until it is killed: it keeps namespaces that others have joined.
//
// What it reports is also its exit code as far as that goes, for whoever waits when the shim is dead.
//
// With "-x" it is the first process of a command beside: it sets the command's limits, which libcontainer might not work
// under, and becomes the command, or reports {'E', errno}.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_FD 3

static void report(uint32_t kind, uint32_t value) {
	uint32_t message[2] = {kind, value};
	ssize_t n;
	do {
		n = write(STATUS_FD, message, sizeof message);
	} while (n < 0 && errno == EINTR);
}

// A resource limit of the command, "-l7:10:20": kind, soft and hard. This process does without: low ones would keep it, and
// libcontainer before it, from doing its work.
static int limit(const char *text) {
	char *end;
	int kind = (int)strtol(text + 2, &end, 10);
	struct rlimit l;
	l.rlim_cur = strtoull(end + 1, &end, 10);
	l.rlim_max = strtoull(end + 1, &end, 10);
	return setrlimit(kind, &l);
}

// argv is limits, "--", and the command. It returns only if that fails, with errno.
static int become(char **argv) {
	errno = EINVAL;
	while (*argv && strncmp(*argv, "-l", 2) == 0 && limit(*argv) == 0)
		argv++;
	if (*argv && strcmp(*argv, "--") == 0 && *++argv)
		execvp(argv[0], argv);
	return errno;
}

static pid_t start(char **argv, int *failure) {
	volatile int child_errno = 0;
	pid_t pid = vfork(); // shares memory until the exec, so that a failure can be left in child_errno
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		child_errno = become(argv);
		_exit(127);
	}
	*failure = pid < 0 ? errno : child_errno;
	return pid;
}

// What agentd's own parent ignored (nohup does, and a shell's &) is no task's affair. The C library would leave out two
// signals that it keeps for itself, so the kernel is asked; all zero is its SIG_DFL without flags.
static void reset_signals(void) {
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} none = {0};
	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, &none, NULL, sizeof none.mask);
}

static void reap(pid_t child) {
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) { // never -1, which is the child when there is none
		if (pid != child)
			continue;
		report('X', (uint32_t)status);
		_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	}
}

__attribute__((constructor)) static void reeve_init(int argc, char **argv) {
	// Containers share the shim's session keyring, since one each would hit the kernel's quota of 200 a user. It must not
	// be the one of whoever started agentd; and it belongs to a thread, so that Go would be too late.
	// Commands that are run beside a container's own have no init of ours, and inherit from the shim.
	if (argc > 1 && strcmp(argv[1], "serve") == 0) {
		syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
		reset_signals();
	}
	if (argc < 2 || strcmp(argv[0], "/run/reeve-init") != 0)
		return;
	prctl(PR_SET_DUMPABLE, 0); // nobody in the container may reach the status descriptor through /proc
	fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC);
	if (strcmp(argv[1], "-x") == 0) {
		report('E', (uint32_t)become(argv + 2));
		_exit(127);
	}
	reset_signals();
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);

	// Orphans are reaped here, also where another process has the pid 1.
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int failure = 0;
	int hold = strcmp(argv[1], "-h") == 0;
	pid_t child = hold ? -1 : start(argv + 1, &failure);
	if (failure != 0) {
		report('E', (uint32_t)failure);
		_exit(127);
	}
	report('R', 0);
	for (;;) {
		siginfo_t from;
		int sig = sigwaitinfo(&all, &from);
		if (sig == SIGCHLD)
			reap(child);
		else if (sig > 0 && !hold && from.si_code != SI_KERNEL) // what a terminal sends, the command gets, too
			kill(child, sig);
	}
}
