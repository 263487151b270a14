package daemon

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"codeberg.org/reeve/reeve/masterd/config"
	"codeberg.org/reeve/reeve/masterd/consensus"
	"codeberg.org/reeve/reeve/shared/fault"
)

// Recover is masterd recover: it says what is there and what will be lost, asks, and makes the master of a work dir the
// only one that votes. out gets the talk; in is asked unless r.Yes says so.
func Recover(in io.Reader, out io.Writer, r config.Recovery) (err error) {
	if err := becomeOwner(r.WorkDir); err != nil {
		return err
	}
	remains, err := consensus.OpenRemains(r.WorkDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remains.Close()) }()
	if len(remains.Others) == 0 {
		_, err := fmt.Fprintf(out, "The master of %s is the only one that votes already; nothing to do. Start it.\n", r.WorkDir)
		return err
	}
	text := fmt.Sprintf("The master of %s (cluster %s) knows %d agents and %d jobs, up to entry %d of the registry.\n"+
		"The masters at %s will have no vote any more. What only they knew is lost, and none of them may be started again\n"+
		"with the --work-dir it had: empty it first. Compare the entry's number if more than one master is left, and\n"+
		"recover the one with the highest.\n",
		r.WorkDir, remains.Identity.Cluster, remains.Agents, remains.Jobs, remains.Index, strings.Join(remains.Others, ", "))
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if !r.Yes {
		if err := confirm(in, out); err != nil {
			return err
		}
	}
	if err := remains.Recover(); err != nil {
		return err
	}
	_, err = io.WriteString(out, "Done: it votes alone. Start masterd with the flags it had; new masters join by --join, one after the other.\n")
	return err
}

// becomeOwner makes root whom a work dir belongs to, for good: what a recovery writes has to be readable to the master, which runs
// as that user.
func becomeOwner(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "look at --work-dir")
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	err = syscall.Setgroups(nil)
	if err == nil {
		err = syscall.Setgid(int(owner.Gid))
	}
	if err == nil {
		err = syscall.Setuid(int(owner.Uid))
	}
	if err != nil {
		return fmt.Errorf("become the owner of %s: %w", dir, err)
	}
	return nil
}

// confirm asks a person. Whoever is not at a terminal must say --yes, so that no script does this by accident.
func confirm(in io.Reader, out io.Writer) error {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return fault.New(fault.Invalid, "nothing was changed: nobody can be asked here; give --yes if all of this is meant")
		}
	}
	if _, err := io.WriteString(out, "Type \"yes\" to go on: "); err != nil {
		return err
	}
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return fault.New(fault.Invalid, "nothing was changed: the answer was not \"yes\"")
	}
	return nil
}
