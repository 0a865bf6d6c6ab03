#include "harness/net/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace plumb::net::detail {

namespace {

std::vector<nghttp2_nv> name_values(const std::vector<H2Session::Field>& fields) {
  std::vector<nghttp2_nv> result;
  result.reserve(fields.size());
  for (const auto& field : fields)
    result.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(field.name.data())),
                      reinterpret_cast<uint8_t*>(const_cast<char*>(field.value.data())), field.name.size(), field.value.size(),
                      NGHTTP2_NV_FLAG_NONE});
  return result;
}

}  // namespace

struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static ssize_t send(nghttp2_session*, const uint8_t* data, size_t size, int, void* user) {
    Channel& channel = *self(user).channel_;
    if (channel.full()) return NGHTTP2_ERR_WOULDBLOCK;
    channel.out().append(reinterpret_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length, nghttp2_data_source*, void* user) {
    Channel& channel = *self(user).channel_;
    if (channel.full()) return NGHTTP2_ERR_WOULDBLOCK;
    OutgoingBody* body = self(user).events_.h2_body(frame->hd.stream_id);
    if (!body || body->queue.size() < length) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    channel.out().append(reinterpret_cast<const char*>(header), 9);
    if (length == 0) return 0;
    body->queue.take(channel.out(), length);
    body->queue.drained(*channel.reactor());
    return 0;
  }
  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source*, void* user) {
    OutgoingBody* body = self(user).events_.h2_body(id);
    if (!body) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t size = std::min(length, body->queue.size());
    if (size == 0 && !body->ended) {
      body->deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!body->ended || size < body->queue.size()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!body->trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      std::vector<Field> fields;
      for (const auto& [name, value] : body->trailers) fields.push_back({name, value});
      const auto values = name_values(fields);
      nghttp2_submit_trailer(session, id, values.data(), values.size());
    }
    return static_cast<ssize_t>(size);
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->headers.cat == NGHTTP2_HCAT_REQUEST || frame->headers.cat == NGHTTP2_HCAT_RESPONSE))
      self(user).events_.h2_begin(frame->hd.stream_id);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value, size_t value_size,
                    uint8_t, void* user) {
    self(user).events_.h2_field(frame->hd.stream_id, {reinterpret_cast<const char*>(name), name_size},
                                {reinterpret_cast<const char*>(value), value_size});
    return 0;
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Events& events = self(user).events_;
    const bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_HEADERS) events.h2_header_end(frame->hd.stream_id, end);
    if (frame->hd.type == NGHTTP2_DATA && end) events.h2_data_end(frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_GOAWAY) events.h2_goaway(frame->goaway.last_stream_id);
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK)) events.h2_ping_ack();
    return 0;
  }
  static int data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    self(user).events_.h2_data(id, {reinterpret_cast<const char*>(data), size});
    return 0;
  }
  static int closed(nghttp2_session*, int32_t id, uint32_t error_code, void* user) {
    self(user).events_.h2_closed(id, error_code);
    return 0;
  }

  static nghttp2_session_callbacks* table() {
    static nghttp2_session_callbacks* callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_send_callback(made, send);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, closed);
      return made;
    }();
    return callbacks;
  }
};

H2Session::H2Session(std::shared_ptr<Channel> channel, Events& events, const Settings& settings)
    : channel_(std::move(channel)), events_(events) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_stream_reset_rate_limit(option, 100'000, 20'000);  // short watches end in resets
  nghttp2_option_set_no_closed_streams(option, 1);
  if (settings.server) nghttp2_session_server_new2(&session_, Callbacks::table(), this, option);
  else nghttp2_session_client_new2(&session_, Callbacks::table(), this, option);
  nghttp2_option_del(option);
  std::vector<nghttp2_settings_entry> entries = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
                                                 {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.max_header_list}};
  if (settings.server) entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_streams});
  else entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(settings.connection_window));
  wake();
}

H2Session::~H2Session() { nghttp2_session_del(session_); }

Status H2Session::receive(std::string_view data) {
  const ssize_t result = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
  wake();
  if (result < 0) return fail(Code::unavailable, std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(result)));
  return {};
}

Status H2Session::fill() {
  const int result = nghttp2_session_send(session_);
  if (result < 0) return fail(Code::unavailable, std::string("HTTP/2: ") + nghttp2_strerror(result));
  return {};
}

bool H2Session::finished() const { return !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_); }

std::int32_t H2Session::request(const std::vector<Field>& header, bool body) {
  const auto values = name_values(header);
  nghttp2_data_provider provider{{}, Callbacks::read_body};
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, values.data(), values.size(), body ? &provider : nullptr, nullptr);
  wake();
  return id;
}

void H2Session::respond(std::int32_t id, const std::vector<Field>& header, bool body) {
  const auto values = name_values(header);
  nghttp2_data_provider provider{{}, Callbacks::read_body};
  if (nghttp2_submit_response(session_, id, values.data(), values.size(), body ? &provider : nullptr) < 0) reset(id, kH2Internal);
  wake();
}

void H2Session::more_body(std::int32_t id, OutgoingBody& body) {
  if (!body.deferred) return;
  body.deferred = false;
  nghttp2_session_resume_data(session_, id);
  wake();
}

void H2Session::reset(std::int32_t id, std::uint32_t error_code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, error_code);
  wake();
}

void H2Session::consume_connection(std::size_t size) {
  nghttp2_session_consume_connection(session_, size);
}

void H2Session::consume_stream(std::int32_t id, std::size_t size) {
  nghttp2_session_consume_stream(session_, id, size);
  wake();
}

void H2Session::goaway() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR, nullptr, 0);
  wake();
}

void H2Session::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  wake();
}

std::uint32_t H2Session::remote_max_streams() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::string h2_error_name(std::uint32_t error_code) { return nghttp2_http2_strerror(error_code); }

}  // namespace plumb::net::detail
