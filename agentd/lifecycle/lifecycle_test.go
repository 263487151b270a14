package lifecycle

import "testing"

// The invariants of the table, over all of its cells.
func TestTable(t *testing.T) {
	for phase := Pending; phase <= Reaped; phase++ {
		for event := Launch; event <= Deleted; event++ {
			step, ok := Next(phase, event)
			if !ok {
				continue
			}
			if step.To <= phase {
				t.Errorf("%v + %v goes back to %v", phase, event, step.To)
			}
			if event == Gone && (step.To != Exited || step.Action != Delete) {
				t.Errorf("%v + %v: got %v, %v; an ended container must be freed", phase, event, step.To, step.Action)
			}
		}
	}
}

// Whatever phase a live container is in, wanting its end and hearing of its end get it to Reaped.
func TestEveryLifeEnds(t *testing.T) {
	for phase := Pending; phase <= Reaped; phase++ {
		for _, wish := range []Event{Stop, Kill} {
			p := phase
			for _, event := range []Event{wish, Started, GraceOver, Gone, Deleted} {
				if step, ok := Next(p, event); ok {
					p = step.To
				}
			}
			if p != Reaped {
				t.Errorf("from %v by %v: got stuck in %v", phase, wish, p)
			}
		}
	}
}

// Between the wish to end a container that may run and its end there is always a moment at which it is killed.
func TestNothingEscapesTheKill(t *testing.T) {
	for _, start := range []Phase{Preparing, Starting, Running, Stopping} {
		p, killed := start, false
		for _, event := range []Event{Stop, Started, GraceOver, Kill} {
			step, ok := Next(p, event)
			if ok {
				p = step.To
				killed = killed || step.Action == Destroy
			}
		}
		if !killed {
			t.Errorf("from %v: ended in %v without a kill", start, p)
		}
	}
}
