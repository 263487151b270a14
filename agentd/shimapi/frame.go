package shimapi

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
)

// maxFrame bounds a message: a container's spec with a long environment fits many times.
const maxFrame = 4 << 20

// Write sends one message as one write.
func Write(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode %T: %w", message, err)
	}
	if len(body) > maxFrame {
		return fmt.Errorf("message of %d bytes is longer than the %d allowed", len(body), maxFrame)
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	_, err = w.Write(append(frame, body...))
	return err
}

// Read receives one message into message. io.EOF means that the other side closed between two messages.
func Read(r io.Reader, message any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		return fmt.Errorf("message of %d bytes is longer than the %d allowed", size, maxFrame)
	}
	// The buffer grows with what arrives, not with what the head promises.
	body, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return err
	}
	if len(body) < int(size) {
		return io.ErrUnexpectedEOF
	}
	if err := json.Unmarshal(body, message); err != nil {
		return fmt.Errorf("decode %T: %w", message, err)
	}
	return nil
}

// Binary identifies the file at path: two shims with the same answer run the same code. It is empty if the file cannot be
// looked at.
func Binary(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x", st.Dev, st.Ino, st.Size, info.ModTime().UnixNano())
}
