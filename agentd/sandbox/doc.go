// Package sandbox owns the directories that tasks write to: it makes them, lists and reads them for people, and measures
// them. Whatever it does inside a sandbox goes through os.Root, since a task may put any link there. It never runs
// anything and never decides when a sandbox goes. Start reading at Create.
package sandbox
