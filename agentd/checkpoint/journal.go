// Package checkpoint is the agent's truth on disk: one append-only journal of record.Entry under <work-dir>/meta, and the
// lock that keeps a second agentd out. It owns framing, checksums, durability and the rule for half-written tails; it
// knows nothing of what entries mean (agentd/workload replays them). Start reading at Journal.
//
//	journal = "REEVEJ1\n" frame*        frame = length crc payload        payload = (varint-length entry)*
//
// A frame is what one call wrote: it is there as a whole or not at all. Length and CRC-32C are 4 bytes each, little
// endian, and cover the payload. The journal is rewritten from a snapshot, by write, fsync and rename, when it has grown.
package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/encoding/protodelim"

	"codeberg.org/reeve/reeve/agentd/record"
)

const (
	magic       = "REEVEJ1\n"
	journalName = "journal"
	frameHeader = 8
	maxFrame    = 256 << 20 // larger than any snapshot of one host
	maxEntry    = 64 << 20

	// minRewrite is the size below which rewriting is not worth it.
	minRewrite = 1 << 20

	// reserve is how much of the disk a journal holds beyond its end, so that on a disk that tasks have filled it can be said
	// how they end: some thousand entries. When less than half of it is left it is asked for again.
	reserve = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Journal is an open journal. It is for one goroutine.
type Journal struct {
	dir  string
	file *os.File
	size int64 // of the file
	base int64 // of the file when it was last rewritten or opened, or could not be
	held int64 // the disk is ours up to here
	err  error // the first failure; a journal that failed stays failed
}

// Recovery is what Open found.
type Recovery struct {
	Entries []*record.Entry // oldest first
	Torn    int64           // bytes of a half-written tail that were cut off
}

// CorruptError says that a journal is damaged before its tail. Nobody can say what was lost, so agentd does not start.
type CorruptError struct {
	Path   string
	Offset int64
	Reason string
}

// Error names the place and the way out.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal %s is damaged at byte %d (%s); to give up the tasks of this host, run agentd clean on its work directory and remove the file",
		e.Path, e.Offset, e.Reason)
}

// Open opens the journal in dir, making both if they are missing, and reads what is in it.
func Open(dir string) (*Journal, Recovery, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, Recovery{}, fmt.Errorf("make journal directory: %w", err)
	}
	j := &Journal{dir: dir}
	data, err := os.ReadFile(j.path())
	if errors.Is(err, fs.ErrNotExist) {
		return j, Recovery{}, j.Rewrite(nil)
	}
	if err != nil {
		return nil, Recovery{}, fmt.Errorf("read journal: %w", err)
	}
	entries, good, err := Decode(data)
	if corrupt, ok := errors.AsType[*CorruptError](err); ok {
		corrupt.Path = j.path()
	}
	if err != nil {
		return nil, Recovery{}, err
	}
	if good == 0 { // it was made and never written: the rename that puts a header there came first
		return j, Recovery{Torn: int64(len(data))}, j.Rewrite(nil)
	}
	if err := j.reopen(good); err != nil {
		return nil, Recovery{}, err
	}
	return j, Recovery{Entries: entries, Torn: int64(len(data)) - good}, nil
}

func (j *Journal) path() string { return filepath.Join(j.dir, journalName) }

// reopen opens the file for appending after its first good bytes.
func (j *Journal) reopen(good int64) error {
	file, err := os.OpenFile(j.path(), os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if err := errors.Join(cutOff(file, good), seekEnd(file), file.Sync()); err != nil {
		return errors.Join(fmt.Errorf("open journal: %w", err), file.Close())
	}
	j.file, j.size, j.base, j.held = file, good, good, good
	j.hold()
	return nil
}

// hold sees to it that the next entries have their place on the disk. If that can't be had, they may still find one.
func (j *Journal) hold() {
	if j.held-j.size >= reserve/2 {
		return
	}
	if unix.Fallocate(int(j.file.Fd()), unix.FALLOC_FL_KEEP_SIZE, j.size, reserve) == nil {
		j.held = j.size + reserve
	}
}

// cutOff drops what follows the good bytes. Where nothing does, what the disk holds beyond them stays ours.
func cutOff(file *os.File, good int64) error {
	info, err := file.Stat()
	if err != nil || info.Size() == good {
		return err
	}
	return file.Truncate(good)
}

func seekEnd(file *os.File) error {
	_, err := file.Seek(0, io.SeekEnd)
	return err
}

// Append writes entries as one frame. With durable they are on disk when it returns; without, they survive this process,
// and the host's power only once something durable follows. After an error the journal is of no use any more.
func (j *Journal) Append(entries []*record.Entry, durable bool) error {
	if j.err != nil {
		return j.err
	}
	if len(entries) == 0 {
		return nil
	}
	frame, err := encodeFrame(entries)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(frame); err != nil {
		return j.fail("append to journal", err)
	}
	j.size += int64(len(frame))
	j.hold()
	if !durable {
		return nil
	}
	if err := dataSync(j.file); err != nil {
		return j.fail("sync journal", err)
	}
	return nil
}

// fail remembers the first failure: what is on disk after it is unknown, so nothing more may be promised.
func (j *Journal) fail(what string, err error) error {
	j.err = fmt.Errorf("%s: %w", what, err)
	return j.err
}

// Grown says whether the journal has grown so much that Rewrite is worth its while.
func (j *Journal) Grown() bool { return j.size > minRewrite && j.size > 2*j.base }

// ErrFull says that the disk has no room for a rewritten journal. The one that there is goes on.
var ErrFull = errors.New("there is no room for a rewritten journal")

// Rewrite replaces everything by entries, at once or not at all; ErrFull if not at all.
func (j *Journal) Rewrite(entries []*record.Entry) error {
	if j.err != nil {
		return j.err
	}
	content := []byte(magic)
	if len(entries) > 0 {
		frame, err := encodeFrame(entries)
		if err != nil {
			return err
		}
		content = append(content, frame...)
	}
	if err := replace(j.dir, journalName, content); err != nil {
		if j.file != nil && (errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)) {
			j.base = j.size // tried again when it has doubled once more
			return ErrFull
		}
		return j.fail("rewrite journal", err)
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return j.fail("close the former journal", err)
		}
	}
	if err := j.reopen(int64(len(content))); err != nil {
		return j.fail("rewrite journal", err)
	}
	return nil
}

// Close closes the file. What was appended without durable is synced first.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	return errors.Join(j.file.Sync(), j.file.Close())
}

func encodeFrame(entries []*record.Entry) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, frameHeader, 1024))
	for _, e := range entries {
		if _, err := protodelim.MarshalTo(buf, e); err != nil {
			return nil, fmt.Errorf("encode journal entry: %w", err)
		}
	}
	frame := buf.Bytes()
	payload := frame[frameHeader:]
	if len(payload) > maxFrame {
		return nil, fmt.Errorf("journal frame of %d bytes is larger than %d", len(payload), maxFrame)
	}
	binary.LittleEndian.PutUint32(frame, uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(payload, castagnoli))
	return frame, nil
}

// Decode reads a journal. good is the length of its undamaged front: what follows is a tail that was being written when
// the host stopped. Damage anywhere else is a CorruptError.
func Decode(data []byte) (entries []*record.Entry, good int64, err error) {
	if len(data) < len(magic) {
		return nil, 0, nil
	}
	if string(data[:len(magic)]) != magic {
		return nil, 0, &CorruptError{Reason: "it does not begin as a journal of this version does"}
	}
	at := len(magic)
	for at < len(data) {
		payload, ok := frameAt(data[at:])
		if !ok {
			if isTail(data[at:]) {
				return entries, int64(at), nil
			}
			return nil, 0, &CorruptError{Offset: int64(at), Reason: "checksum mismatch"}
		}
		if entries, err = decodePayload(entries, payload); err != nil {
			return nil, 0, &CorruptError{Offset: int64(at), Reason: err.Error()}
		}
		at += frameHeader + len(payload)
	}
	return entries, int64(at), nil
}

// frameAt returns the payload of the frame that data begins with, if it is whole.
func frameAt(data []byte) ([]byte, bool) {
	if len(data) < frameHeader {
		return nil, false
	}
	length := binary.LittleEndian.Uint32(data)
	if length == 0 || length > maxFrame || int(length) > len(data)-frameHeader {
		return nil, false
	}
	payload := data[frameHeader : frameHeader+int(length)]
	return payload, crc32.Checksum(payload, castagnoli) == binary.LittleEndian.Uint32(data[4:])
}

// isTail says whether a damaged frame can be the last one: it reaches the end of the file, or the file system has left
// only zeros where it was to be.
func isTail(data []byte) bool {
	if len(data) < frameHeader || len(bytes.Trim(data, "\x00")) == 0 {
		return true
	}
	length := binary.LittleEndian.Uint32(data)
	return int64(length) >= int64(len(data)-frameHeader)
}

func decodePayload(entries []*record.Entry, payload []byte) ([]*record.Entry, error) {
	r := bytes.NewReader(payload)
	options := protodelim.UnmarshalOptions{MaxSize: maxEntry}
	for r.Len() > 0 {
		e := &record.Entry{}
		if err := options.UnmarshalFrom(r, e); err != nil {
			return nil, fmt.Errorf("undecodable entry: %w", err)
		}
		if e.GetEntry() == nil {
			return nil, errors.New("an entry of a kind that only a newer agentd knows")
		}
		entries = append(entries, e)
	}
	return entries, nil
}
