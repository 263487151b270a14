package reeveapi

import "time"

// Images are what an agent keeps of container images, and what is on its way. GET /reeve/v1/images of the agent answers them.
type Images struct {
	Images []Image     `json:"images"`
	Pulls  []ImagePull `json:"pulls"`
	Bytes  int64       `json:"bytes"` // that all layers take; images share them
}

// Image is an image that an agent has.
type Image struct {
	Name   string    `json:"name"`
	Digest string    `json:"digest"` // of its manifest
	Layers int       `json:"layers"`
	Bytes  int64     `json:"bytes"` // of its layers, those shared with others too
	Pulled time.Time `json:"pulled"`
	Used   time.Time `json:"used"`   // when a container was last started in it
	InUse  int       `json:"in_use"` // containers that are
}

// ImagePull is an image on its way.
type ImagePull struct {
	Name    string `json:"name"`
	Done    int64  `json:"done"`    // bytes
	Total   int64  `json:"total"`   // of what is missing; 0 while that is not known
	Waiting int    `json:"waiting"` // containers that wait for it
}
