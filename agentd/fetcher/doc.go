// Package fetcher brings a task's URIs into its sandbox before it starts (spec 3.12): it copies or downloads, and extracts.
// It writes through os.Root only, so that neither a name in an archive nor a link that was there before leads out of the
// sandbox; it reads local files with the rights of the task's user; and it runs no other program. It keeps no cache:
// CommandInfo.URI.cache is a wish that costs time only. Start reading at Fetch.
package fetcher
