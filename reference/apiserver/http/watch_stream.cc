#include "reference/apiserver/http/watch_stream.h"

#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"
#include "reference/apiserver/http/forms.h"
#include "reference/apiserver/server_metrics.h"

namespace plumb::apiserver {
namespace {

constexpr std::size_t events_at_once = 256;
constexpr std::size_t buffered_limit = 1 << 20;  // beyond it the client is slow, and its queue in the cache fills
constexpr std::size_t buffered_low = 128 << 10;

void append_varint(std::uint64_t value, std::string& out) {
  for (; value > 127; value >>= 7) out += static_cast<char>((value & 127) | 128);
  out += static_cast<char>(value);
}

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value > 127; value >>= 7) ++size;
  return size;
}

// metav1.WatchEvent{1: type, 2: RawExtension{1: raw}} behind its length in four bytes.
void append_protobuf_frame(std::string_view type, std::string_view object, std::string& out) {
  const std::size_t raw = 1 + varint_size(object.size()) + object.size();
  const std::size_t size = 1 + varint_size(type.size()) + type.size() + 1 + varint_size(raw) + raw;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 255);
  out += '\x0a';
  append_varint(type.size(), out);
  out += type;
  out += '\x12';
  append_varint(raw, out);
  out += '\x0a';
  append_varint(object.size(), out);
  out += object;
}

void append_json_frame(std::string_view type, std::string_view object, std::string& out) {
  out.append("{\"type\":\"").append(type).append("\",\"object\":").append(object).append("}\n");
}

class WatchStream : public std::enable_shared_from_this<WatchStream> {
 public:
  WatchStream(CallPtr call, const Resource& resource, WatcherPtr watcher)
      : call_(std::move(call)), resource_(resource), watcher_(std::move(watcher)), include_(include_object(call_->query())),
        protobuf_(call_->accepted().encoding == Encoding::protobuf), sent_(watch_events_sent(resource)) {}

  void start(Duration timeout) {
    const auto& reactor = call_->writer().reactor();
    net::Headers headers = call_->headers(protobuf_ ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json");
    call_->began_stream(200);
    call_->writer().begin(200, std::move(headers));
    // The stream keeps itself alive until it is finished; all else holds it weakly.
    self_ = shared_from_this();
    const std::weak_ptr<WatchStream> weak = self_;
    call_->writer().on_cancel([weak] {
      if (const auto self = weak.lock()) self->finish(false);
    });
    timer_ = reactor->after(timeout, [weak] {
      if (const auto self = weak.lock()) self->finish(true);
    });
    watcher_->on_ready([weak, reactor] {
      reactor->post([weak] {
        if (const auto self = weak.lock()) self->drain();
      });
    });
    drain();
  }

 private:
  // Reactor thread only.
  void drain() {
    if (!self_ || waiting_for_client_) return;
    for (;;) {
      if (call_->writer().buffered() > buffered_limit) return wait_for_client();
      const Watcher::Batch batch = watcher_->take(events_at_once);
      std::string out;
      for (const WatchEvent& event : batch.events) append(event, out);
      if (!batch.events.empty()) sent_.add(static_cast<double>(batch.events.size()));
      if (batch.error) append_error(*batch.error, out);
      if (!out.empty()) call_->writer().write(std::move(out));
      if (batch.ended) return finish(true);
      if (!batch.more) return;
    }
  }

  void wait_for_client() {
    waiting_for_client_ = true;
    call_->writer().on_writable(buffered_low, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->waiting_for_client_ = false;
      self->drain();
    });
  }

  void append(const WatchEvent& event, std::string& out) {
    const CachedPtr object = event.object ? event.object : bookmark(event);
    const Bytes form = object_form(resource_, object, call_->accepted(), event.type == EventType::bookmark ? IncludeObject::metadata : include_,
                                   call_->clock().wall(), !columns_sent_);
    columns_sent_ = true;
    protobuf_ ? append_protobuf_frame(to_string(event.type), *form, out) : append_json_frame(to_string(event.type), *form, out);
  }

  CachedPtr bookmark(const WatchEvent& event) const {
    auto object = resource_.type().make();
    object->metadata.resourceVersion = std::to_string(event.revision);
    if (event.initial_end) object->metadata.annotations.set("k8s.io/initial-events-end", "true");
    return std::make_shared<const CachedObject>(std::string_view(), std::move(object), event.revision);
  }

  void append_error(const metav1::Status& error, std::string& out) const {
    const std::string form = struct_form("v1", metav1::Status::info(), &error, protobuf_ ? Encoding::protobuf : Encoding::json);
    protobuf_ ? append_protobuf_frame("ERROR", form, out) : append_json_frame("ERROR", form, out);
  }

  void finish(bool end_answer) {
    const auto self = std::move(self_);
    if (!self) return;
    call_->writer().reactor()->cancel(timer_);
    if (end_answer) call_->writer().end();
    watcher_.reset();
  }

  const CallPtr call_;
  const Resource& resource_;
  WatcherPtr watcher_;
  const IncludeObject include_;
  const bool protobuf_;
  metrics::Counter sent_;
  bool columns_sent_ = false;
  bool waiting_for_client_ = false;
  net::Reactor::TimerId timer_ = 0;
  std::shared_ptr<WatchStream> self_;
};

}  // namespace

void serve_watch(CallPtr call, const Resource& resource, WatcherPtr watcher, Duration timeout) {
  auto stream = std::make_shared<WatchStream>(call, resource, std::move(watcher));
  call->on_reactor([stream, timeout] { stream->start(timeout); });
}

}  // namespace plumb::apiserver
