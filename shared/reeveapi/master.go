package reeveapi

// StepDown is the body of POST /reeve/v1/masters/step-down, which may be left out.
type StepDown struct {
	To string `json:"to,omitempty"` // name, id or ip:port of the master that is to lead; "" for the one that is most up to date
}

// SteppedDown is its answer.
type SteppedDown struct {
	From string `json:"from"` // names
	To   string `json:"to"`
}
