// RFC 6455 framing as functions over bytes, for both roles; no I/O.
//
// Feed a Decoder what arrives, take the events out; encode() makes the frames to send. Answering a ping with a pong and a close
// with a close is the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace plumb::net::websocket {

enum class Role { client, server };
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string accept_key(std::string_view key);
// A fresh Sec-WebSocket-Key.
std::string random_key();
// The first of `ours` that the comma-separated Sec-WebSocket-Protocol value offers.
std::optional<std::string> choose_protocol(std::string_view offered, const std::vector<std::string>& ours);

// One frame. Frames of a client are masked, as the protocol demands. Control frames carry at most 125 bytes: more is cut off.
std::string encode(Role sender, Opcode opcode, std::string_view payload, bool final = true);
std::string encode_close(Role sender, std::uint16_t status, std::string_view reason);

struct Message {
  Opcode opcode = Opcode::binary;  // text, binary, close, ping, pong: never continuation
  std::string payload;             // a close's: without the status
  std::uint16_t close_status = 0;  // of a close: 1005 when it carried none
};

// Puts frames and fragments together. Every error is final: `reason` is the close status to send as decimal text ("1002" protocol
// error, "1007" text that is not UTF-8, "1009" too big).
class Decoder {
 public:
  explicit Decoder(Role receiver, std::size_t max_message = 32 << 20) : receiver_(receiver), max_message_(max_message) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next complete message; nullopt when more bytes are needed.
  Result<std::optional<Message>> next();

 private:
  struct Frame;
  Result<std::optional<Frame>> next_frame();
  Result<std::optional<Message>> finish(Opcode opcode, std::string payload);

  Role receiver_;
  std::size_t max_message_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::optional<Opcode> open_;  // of a message whose fragments are arriving
  std::string fragments_;
  bool failed_ = false;
};

}  // namespace plumb::net::websocket
