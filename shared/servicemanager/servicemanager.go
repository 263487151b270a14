// Package servicemanager tells whoever started a daemon, systemd as a rule, that it serves now: a start of the unit then
// ends when the daemon can be used, not when its process exists. It owns that message alone; units are files of
// shared/packaging. Start reading at Serving.
package servicemanager

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Serving says that the daemon serves; status is one line that "systemctl status" shows. Without a service manager that
// wants to know it does nothing. It takes the manager's address out of the environment, so that processes that the daemon
// starts do not speak for it; therefore only the first call is heard.
func Serving(status string) error {
	const unset = true
	if _, err := daemon.SdNotify(unset, daemon.SdNotifyReady+"\nSTATUS="+status); err != nil {
		return fmt.Errorf("tell the service manager that this daemon serves: %w", err)
	}
	return nil
}
