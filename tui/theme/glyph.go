package theme

// Glyphs are the drawn signs. All are one column wide in every terminal, also with an East Asian locale that draws
// ambiguous ones wide: for those there is the ASCII set.
type Glyphs struct {
	Cursor, Mark, Live, Stale, Follow, Crumb, Up, Down, More, Caret string

	// States of a task or an agent; a word always stands beside them.
	Running, Staging, Starting, Killing, Finished, Failed, Unknown, Drain, Off string

	Used, Held, Free string    // a gauge
	Spark            [8]string // a graph, lowest first; the lowest is drawn for nothing too
	Full             string    // below the top of a graph of several lines

	Branch, Last, Through string // a tree: what has more beside it below, what has not, and what goes past

	// A box: corners clockwise from the top left, then horizontal and vertical.
	Box [6]string

	Arrow, Left, Line, Hit string

	ASCII bool // nothing beyond ASCII may be drawn, also of foreign text
}

// Plain is what stands for a character where only ASCII can be drawn: one column for each of its columns.
func Plain(text string, width int) string {
	if s, ok := plain[text]; ok {
		return s
	}
	return "??"[:min(max(width, 1), 2)]
}

var plain = map[string]string{"…": ".", "·": ".", "↑": "^", "↓": "v", "←": "<", "→": ">", "×": "x", "›": ">", "─": "-", "│": "|"}

var unicode = Glyphs{
	Cursor: "▶", Mark: "*", Live: "●", Stale: "◌", Follow: "▼", Crumb: "›", Up: "↑", Down: "↓", More: "…", Caret: "▏",
	Running: "●", Staging: "◌", Starting: "◔", Killing: "■", Finished: "✔", Failed: "✖", Unknown: "?", Drain: "▼", Off: "○",
	Used: "■", Held: "□", Free: "·",
	Spark: [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "▇"}, Full: "█",
	Box:    [6]string{"╭", "╮", "╯", "╰", "─", "│"},
	Branch: "├", Last: "└", Through: "│",
	Arrow: "→", Left: "←", Line: "─", Hit: "┃",
}

var ascii = Glyphs{
	Cursor: ">", Mark: "*", Live: "o", Stale: "~", Follow: "v", Crumb: ">", Up: "^", Down: "v", More: "~", Caret: "_",
	Running: "o", Staging: ".", Starting: ":", Killing: "#", Finished: "+", Failed: "x", Unknown: "?", Drain: "v", Off: "-",
	Used: "#", Held: "=", Free: ".",
	Spark: [8]string{"_", "_", ".", ".", "-", "=", "#", "#"}, Full: "#",
	Box:    [6]string{"+", "+", "+", "+", "-", "|"},
	Branch: "|", Last: "`", Through: "|",
	Arrow: ">", Left: "<", Line: "-", Hit: "|", ASCII: true,
}
