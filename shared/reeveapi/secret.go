package reeveapi

import "time"

// Secret is what is known of a secret but its value, which no call answers. GET /reeve/v1/secrets answers a list; PUT
// /reeve/v1/secrets/{name} sets one to the bytes of its body, DELETE removes one that no job needs.
type Secret struct {
	Name     string    `json:"name"`
	Version  int       `json:"version"` // grows with every change, from 1
	Size     int       `json:"size"`    // in bytes
	Set      time.Time `json:"set"`
	By       string    `json:"by,omitempty"`
	Key      string    `json:"key,omitempty"`  // names the key that it is sealed with; "" for a value that is stored in clear
	Readable bool      `json:"readable"`       // the leading master has that key
	Jobs     []string  `json:"jobs,omitempty"` // that need it
}

// MaxSecret is how large a secret may be, in bytes.
const MaxSecret = 64 << 10
