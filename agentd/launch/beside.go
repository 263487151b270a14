package launch

import (
	"cmp"

	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// Variables is the environment that a command sets itself, KEY=value. Secrets by name are left out.
func Variables(command *mesosv1.CommandInfo) []string {
	var env []string
	for _, v := range command.GetEnvironment().GetVariables() {
		value := v.GetValue()
		if v.GetType() == mesosv1.Environment_Variable_SECRET {
			value = string(v.GetSecret().GetValue().GetData())
		}
		env = append(env, v.GetName()+"="+value)
	}
	return env
}

// BaseEnvironment is what a container has that belongs to no framework.
func BaseEnvironment(sandbox string) []string {
	return []string{defaultPath, "MESOS_DIRECTORY=" + sandbox, "MESOS_SANDBOX=" + sandbox}
}

// maxWindow is the largest size of a terminal that the kernel can note.
const maxWindow = 1<<16 - 1

// Window is the size of the terminal that is asked for, nil if none is.
func Window(tty *mesosv1.TTYInfo) *runtime.Window {
	if tty == nil {
		return nil
	}
	return &runtime.Window{
		Columns: uint16(min(cmp.Or(tty.GetWindowSize().GetColumns(), 80), maxWindow)),
		Rows:    uint16(min(cmp.Or(tty.GetWindowSize().GetRows(), 24), maxWindow)),
	}
}
