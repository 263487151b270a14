package view

import "codeberg.org/reeve/reeve/shared/ids"

// Load is what waits in a term at one moment, and what it has counted of each framework. It is for metrics: no document
// shows it.
type Load struct {
	Inputs     int                                  // for their turn
	Calls      int                                  // for the answer to what they posted
	Operations int                                  // for the registrar
	Filters    map[string]int                       // decline filters in force, by role
	Frameworks map[ids.Framework]map[string]float64 // by what follows "master/frameworks/<name>/<id>/" in a metric's name
}
