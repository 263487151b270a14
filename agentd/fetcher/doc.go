// Package fetcher brings a task's URIs into its sandbox before it starts (spec 3.12): it copies or downloads, and extracts.
// It writes through os.Root only, so that neither a name in an archive nor a link that was there before leads out of the
// sandbox; it reads local files with the rights of the task's user; and it runs no other program. What a URI asks to be
// cached is kept for other tasks of the same user, until agentd ends or room is needed. Start reading at Fetcher.Fetch.
package fetcher
