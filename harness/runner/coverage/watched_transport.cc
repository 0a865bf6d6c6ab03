#include "harness/runner/coverage/watched_transport.h"

#include <nlohmann/json.hpp>

namespace plumb::harness {
namespace {

using client::Request;
using client::Response;
using client::StreamCallbacks;
using nlohmann::json;

json identity_of(const json& object) {
  json left = json::object();
  for (const char* field : {"apiVersion", "kind"})
    if (object.contains(field)) left[field] = object[field];
  const json metadata = object.value("metadata", json::object());
  if (!metadata.is_object()) return left;
  for (const char* field : {"name", "namespace", "uid", "resourceVersion"})
    if (metadata.contains(field)) left["metadata"][field] = metadata[field];
  return left;
}

json blanked(const json& document) {
  if (!document.is_object()) return nullptr;
  json left = identity_of(document);
  if (document.contains("items")) left["items"] = json::array();
  if (document.value("kind", "") == "Status" && document.contains("status")) left["status"] = document["status"];
  if (document.contains("type") && document.contains("object")) {  // an event of a watch
    left["type"] = document["type"];
    left["object"] = blanked(document["object"]);
  }
  return left;
}

// Blanks a stream's lines as they become whole.
class BlankLines {
 public:
  std::string take(std::string_view data) {
    std::string out;
    rest_ += data;
    for (std::size_t end; (end = rest_.find('\n')) != std::string::npos; rest_.erase(0, end + 1)) {
      const std::string line = harness::blanked(rest_.substr(0, end));
      if (!line.empty()) out += line + "\n";
    }
    return out;
  }

 private:
  std::string rest_;
};

class WatchedTransport final : public client::Transport {
 public:
  WatchedTransport(std::unique_ptr<Transport> transport, std::shared_ptr<CallWatch> watch)
      : transport_(std::move(transport)), watch_(std::move(watch)) {}

  void send_async(Request request, std::function<void(Result<Response>)> done) override {
    if (!watch_->note(request)) return transport_->send_async(std::move(request), std::move(done));
    transport_->send_async(std::move(request), [done = std::move(done)](Result<Response> answer) {
      if (answer.ok() && answer->status < 300) answer->body = harness::blanked(answer->body);
      done(std::move(answer));
    });
  }

  std::unique_ptr<client::Stream> open(Request request, StreamCallbacks callbacks) override {
    if (watch_->note(request)) {
      callbacks.on_data = [lines = std::make_shared<BlankLines>(), on_data = std::move(callbacks.on_data)](std::string_view data) {
        const std::string left = lines->take(data);
        return left.empty() || on_data(left);
      };
    }
    return transport_->open(std::move(request), std::move(callbacks));
  }

 private:
  const std::unique_ptr<Transport> transport_;
  const std::shared_ptr<CallWatch> watch_;
};

}  // namespace

CallWatch::CallWatch(std::string blank) : index_(upstream_endpoints()), blank_(std::move(blank)) {}

bool CallWatch::note(const Request& request) {
  const Endpoint* endpoint = index_.find(request.method, request.target);
  if (endpoint == nullptr) return false;
  std::lock_guard lock(mutex_);
  called_.insert(endpoint->operation);
  return endpoint->operation == blank_;
}

void CallWatch::forget() {
  std::lock_guard lock(mutex_);
  called_.clear();
}

std::set<std::string> CallWatch::operations() const {
  std::lock_guard lock(mutex_);
  return called_;
}

std::string blanked(const std::string& body) {
  const json document = json::parse(body, nullptr, false);
  if (!document.is_object()) return "";
  return blanked(document).dump();
}

std::unique_ptr<client::Transport> watch_calls(std::unique_ptr<client::Transport> transport, std::shared_ptr<CallWatch> watch) {
  return std::make_unique<WatchedTransport>(std::move(transport), std::move(watch));
}

}  // namespace plumb::harness
