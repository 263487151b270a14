// Package mesosjson writes the JSON of Mesos's legacy endpoints (spec 7): flat objects with the old "slave" names, floats
// that keep their fraction, resources as numbers and bracket strings. It owns the shapes that masters and agents share
// (resources, attributes, labels, tasks, statuses) and an appending Writer; it knows neither views nor HTTP.
// Start reading at Writer, then Resources and Task.
package mesosjson
