#include "harness/net/websocket.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/random.h"
#include "harness/net/crypto.h"

namespace plumb::net::websocket {

namespace {

constexpr std::size_t kMaxControl = 125;

Error broken(const char* status, std::string why) { return fail(Code::invalid_argument, "WebSocket: " + std::move(why), status); }

void mask(std::string& data, std::size_t from, const char key[4]) {
  for (std::size_t i = from; i < data.size(); ++i) data[i] = static_cast<char>(data[i] ^ key[(i - from) & 3]);
}

bool is_control(Opcode opcode) { return static_cast<int>(opcode) >= 8; }

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t n) { return n < text.size() ? static_cast<unsigned char>(text[n]) : 0u; };
    const unsigned first = at(i);
    const int more = first < 0x80 ? 0 : (first & 0xe0) == 0xc0 ? 1 : (first & 0xf0) == 0xe0 ? 2 : (first & 0xf8) == 0xf0 ? 3 : -1;
    if (more < 0) return false;
    std::uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    for (int k = 1; k <= more; ++k) {
      if ((at(i + static_cast<std::size_t>(k)) & 0xc0) != 0x80) return false;
      point = point << 6 | (at(i + static_cast<std::size_t>(k)) & 0x3f);
    }
    static constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    i += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

bool valid_close_status(int status) {
  return (status >= 1000 && status <= 1014 && status != 1004 && status != 1005 && status != 1006) || (status >= 3000 && status < 5000);
}

}  // namespace

std::string accept_key(std::string_view key) { return base64_encode(sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")); }

std::string random_key() { return base64_encode(random_bytes(16)); }

std::optional<std::string> choose_protocol(std::string_view offered, const std::vector<std::string>& ours) {
  const auto theirs = split(offered, ',');
  for (const std::string& own : ours)
    if (std::any_of(theirs.begin(), theirs.end(), [&](std::string_view their) { return trim(their) == own; })) return own;
  return std::nullopt;
}

std::string encode(Role sender, Opcode opcode, std::string_view payload, bool final) {
  if (is_control(opcode)) payload = payload.substr(0, kMaxControl);
  const bool masked = sender == Role::client;
  const std::size_t size = payload.size();
  std::string out;
  out.reserve(size + 14);
  out += static_cast<char>((final ? 0x80 : 0) | static_cast<int>(opcode));
  const int mask_bit = masked ? 0x80 : 0;
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(mask_bit | (length_bytes == 0 ? static_cast<int>(size) : length_bytes == 2 ? 126 : 127));
  for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
  if (!masked) return out.append(payload);
  const std::string key = random_bytes(4);
  out += key;
  const std::size_t from = out.size();
  out += payload;
  mask(out, from, key.data());
  return out;
}

std::string encode_close(Role sender, std::uint16_t status, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(status >> 8);
  payload += static_cast<char>(status);
  return encode(sender, Opcode::close, payload.append(reason.substr(0, kMaxControl - 2)));
}

struct Decoder::Frame {
  Opcode opcode;
  bool final;
  std::string payload;
};

Result<std::optional<Decoder::Frame>> Decoder::next_frame() {
  const std::string_view data = std::string_view(buffer_).substr(at_);
  if (data.size() < 2) return std::optional<Frame>();
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(data[i]); };
  const int code = byte(0) & 0x0f;
  const bool final = byte(0) & 0x80, masked = byte(1) & 0x80;
  const auto opcode = static_cast<Opcode>(code);
  if (byte(0) & 0x70) return broken("1002", "reserved bits are set");
  if ((code > 2 && code < 8) || code > 10) return broken("1002", "unknown opcode " + std::to_string(code));
  if (masked != (receiver_ == Role::server)) return broken("1002", masked ? "a server's frame is masked" : "a client's frame is not masked");
  std::uint64_t size = byte(1) & 0x7f;
  const std::size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (is_control(opcode) && (length_bytes || !final)) return broken("1002", "a control frame is fragmented or too long");
  const std::size_t head = 2 + length_bytes + (masked ? 4 : 0);
  if (data.size() < head) return std::optional<Frame>();
  if (length_bytes) size = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | byte(2 + i);
  if (size > max_message_ || fragments_.size() + size > max_message_) return broken("1009", "the message is larger than allowed");
  if (data.size() < head + size) return std::optional<Frame>();
  Frame frame{opcode, final, std::string(data.substr(head, size))};
  if (masked) mask(frame.payload, 0, data.data() + head - 4);
  at_ += head + size;
  if (at_ == buffer_.size() || at_ > (64 << 10)) buffer_.erase(0, at_), at_ = 0;
  return std::optional<Frame>(std::move(frame));
}

Result<std::optional<Message>> Decoder::finish(Opcode opcode, std::string payload) {
  Message message{opcode, std::move(payload), 0};
  if (opcode == Opcode::close) {
    message.close_status = 1005;
    if (message.payload.size() == 1) return broken("1002", "a close frame is too short");
    if (message.payload.size() >= 2) {
      message.close_status = static_cast<std::uint16_t>(static_cast<unsigned char>(message.payload[0]) << 8 | static_cast<unsigned char>(message.payload[1]));
      if (!valid_close_status(message.close_status)) return broken("1002", "a close frame has an invalid status");
      message.payload.erase(0, 2);
    }
  }
  if ((opcode == Opcode::text || opcode == Opcode::close) && !valid_utf8(message.payload)) return broken("1007", "text is not UTF-8");
  return std::optional<Message>(std::move(message));
}

Result<std::optional<Message>> Decoder::next() {
  if (failed_) return broken("1002", "the stream has failed already");
  const auto advance = [&]() -> Result<std::optional<Message>> {
    while (true) {
      std::optional<Frame> frame = PLUMB_TRY(next_frame());
      if (!frame) return std::optional<Message>();
      if (is_control(frame->opcode)) return finish(frame->opcode, std::move(frame->payload));
      if ((frame->opcode == Opcode::continuation) != open_.has_value()) return broken("1002", "fragments are out of order");
      if (!open_) open_ = frame->opcode;
      if (fragments_.empty()) fragments_ = std::move(frame->payload);
      else fragments_ += frame->payload;
      if (!frame->final) continue;
      const Opcode opcode = *std::exchange(open_, std::nullopt);
      return finish(opcode, std::exchange(fragments_, {}));
    }
  };
  auto result = advance();
  failed_ = !result.ok();
  return result;
}

}  // namespace plumb::net::websocket
