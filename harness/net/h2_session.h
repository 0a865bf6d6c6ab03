// What HTTP/2's server and client side share: an nghttp2 session over a channel. Reactor thread only.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "harness/net/channel.h"
#include "harness/net/outgoing.h"

struct nghttp2_session;

namespace plumb::net::detail {

class H2Session {
 public:
  struct Settings {
    bool server = false;
    std::uint32_t max_streams = 0;
    std::uint32_t stream_window = 0;
    std::uint32_t connection_window = 0;
    std::uint32_t max_header_list = 0;
  };
  struct Field {
    std::string_view name, value;
  };

  // Called while bytes are taken in or sent; `id` is the stream.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void h2_begin(std::int32_t id) = 0;  // a request's or response's header begins (not trailers)
    virtual void h2_field(std::int32_t id, std::string_view name, std::string_view value) = 0;  // pseudo ones too
    virtual void h2_header_end(std::int32_t id, bool end_stream) = 0;  // after the fields of a header or of trailers
    virtual void h2_data(std::int32_t id, std::string_view data) = 0;
    virtual void h2_data_end(std::int32_t id) = 0;  // END_STREAM on a DATA frame
    virtual void h2_closed(std::int32_t id, std::uint32_t error_code) = 0;
    virtual OutgoingBody* h2_body(std::int32_t id) = 0;  // nullptr when the stream is gone
    virtual void h2_goaway(std::int32_t last_id) = 0;
    virtual void h2_ping_ack() = 0;
  };

  H2Session(std::shared_ptr<Channel> channel, Events& events, const Settings& settings);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  Status receive(std::string_view data);
  Status fill();  // moves frames into the channel while it has room
  void wake() { channel_->flush_soon(); }
  bool finished() const;

  // Client: the new stream's id, negative on failure. With `body` DATA follows.
  std::int32_t request(const std::vector<Field>& header, bool body);
  void respond(std::int32_t id, const std::vector<Field>& header, bool body);
  void more_body(std::int32_t id, OutgoingBody& body);  // after a push or the end
  void reset(std::int32_t id, std::uint32_t error_code);
  // Gives flow-control window back to the peer.
  void consume_connection(std::size_t size);
  void consume_stream(std::int32_t id, std::size_t size);
  void goaway();
  void ping();
  std::uint32_t remote_max_streams() const;

  struct Callbacks;

 private:
  std::shared_ptr<Channel> channel_;
  Events& events_;
  nghttp2_session* session_ = nullptr;
};

constexpr std::uint32_t kH2NoError = 0, kH2Internal = 2, kH2Refused = 7, kH2Cancel = 8, kH2Calm = 11;
std::string h2_error_name(std::uint32_t error_code);

}  // namespace plumb::net::detail
