#include "reference/informer/https.h"

#include "harness/base/encoding.h"
#include "harness/net/client.h"
#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"
#include "reference/apiserver/status.h"
#include "reference/informer/guarded_handler.h"
#include "reference/informer/http_answers.h"
#include "reference/informer/rest_metrics.h"

namespace plumb::informer {

namespace {

constexpr std::string_view protobuf_type = "application/vnd.kubernetes.protobuf";
constexpr std::string_view watch_type = "application/vnd.kubernetes.protobuf;stream=watch";
constexpr std::size_t max_frame_bytes = 64 << 20;

Error malformed(std::string_view what) { return fail(Code::internal, "the API server's answer cannot be read: " + std::string(what)); }

// The path of a collection, an object, or a subresource.
std::string path_of(const Resource& resource, std::string_view namespace_, std::string_view name, std::string_view subresource) {
  std::string path = resource.group().empty() ? "/api/" : "/apis/" + std::string(resource.group()) + "/";
  path += resource.version();
  if (!namespace_.empty()) path += "/namespaces/" + url_encode(namespace_);
  path += "/" + resource.names().plural;
  if (!name.empty()) path += "/" + url_encode(name);
  if (!subresource.empty()) path.append("/").append(subresource);
  return path;
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += text_.empty() ? '?' : '&';
    text_.append(name).append(1, '=').append(url_encode(value));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// nullptr for a Status.
Result<ObjectPtr> read_object(std::string_view body) {
  if (body.starts_with(api::protobuf_magic)) {
    const api::Envelope envelope = PLUMB_TRY(api::open_envelope(body));
    if (envelope.kind == "Status" && envelope.api_version == "v1") return ObjectPtr();
    const api::TypeInfo* type = api::find_type(envelope.api_version, envelope.kind);
    if (!type) return ObjectPtr();  // a list: the answer to a deletion of a collection
    return ObjectPtr(PLUMB_TRY(api::decode_protobuf(body)));
  }
  const api::TypeMeta meta = PLUMB_TRY(api::peek_type_meta(body));
  const api::TypeInfo* type = api::find_type(meta.api_version, meta.kind);
  if (!type) return ObjectPtr();
  return ObjectPtr(PLUMB_TRY(api::decode_json(*type, body)));
}

std::string_view method_of(Verb verb) {
  static constexpr std::string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "DELETE"};
  return methods[static_cast<int>(verb)];
}

std::string_view patch_type_of(PatchType type) {
  static constexpr std::string_view types[] = {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"};
  return types[static_cast<int>(type)];
}

void write_body(const Request& request, net::ClientRequest& http) {
  switch (request.verb) {
    case Verb::get: return;
    case Verb::create:
    case Verb::update: {
      std::string bytes;
      api::encode_protobuf(*request.object, bytes);
      http.headers.set("content-type", std::string(protobuf_type));
      http.body = net::Body(std::move(bytes));
      return;
    }
    case Verb::patch:
      http.headers.set("content-type", std::string(patch_type_of(request.patch_type)));
      http.body = net::Body(request.patch);
      return;
    case Verb::remove:
    case Verb::remove_collection: {
      std::string message, bytes;
      api::encode_protobuf_message(metav1::DeleteOptions::info(), &request.delete_options, message);
      api::wrap_envelope("v1", "DeleteOptions", message, bytes);
      http.headers.set("content-type", std::string(protobuf_type));
      http.body = net::Body(std::move(bytes));
      return;
    }
  }
}

// Frames of a watch: four bytes of length, then a WatchEvent whose object is an enveloped object of its own.
class FrameReader {
 public:
  // Calls `event` for each whole frame; fails when the stream is no watch.
  template <class OnEvent>
  Status feed(std::string_view bytes, OnEvent event) {
    buffer_.append(bytes);
    std::string_view rest = buffer_;
    while (rest.size() >= 4) {
      std::size_t size = 0;
      for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
      if (size > max_frame_bytes) return malformed("a watch event of " + std::to_string(size) + " bytes");
      if (rest.size() < 4 + size) break;
      event(PLUMB_TRY(read(rest.substr(4, size))));
      rest.remove_prefix(4 + size);
    }
    buffer_.erase(0, buffer_.size() - rest.size());
    return {};
  }

 private:
  static Result<WatchEvent> read(std::string_view message) {
    metav1::WatchEvent frame;
    if (Status done = api::decode_protobuf_into(metav1::WatchEvent::info(), &frame, message); !done.ok()) return std::move(done).error();
    const std::string_view body = frame.object.json;
    WatchEvent event;
    if (frame.type == "ERROR") {
      const Result<metav1::Status> status = read_status(body);
      event.error = status.ok() ? apiserver::status::to_error(*status) : malformed(status.error().message);
      return event;
    }
    event.object = PLUMB_TRY(read_object(body));
    if (!event.object) return malformed("a watch event without an object");
    event.resource_version = event.object->metadata.resourceVersion.str();
    event.type = frame.type == "ADDED"      ? WatchEvent::Type::added
                 : frame.type == "MODIFIED" ? WatchEvent::Type::modified
                 : frame.type == "DELETED"  ? WatchEvent::Type::deleted
                                            : WatchEvent::Type::bookmark;
    if (event.type == WatchEvent::Type::bookmark) event.object.reset();
    return event;
  }
  std::string buffer_;
};

// A watch under way; the callbacks of the exchange run on the reactor, one at a time.
struct Stream {
  explicit Stream(WatchHandler handler) : handler(std::move(handler)) {}

  void headers(int code) { status = code; }
  void data(std::string_view bytes) {
    if (status != 200) {
      refusal.append(bytes.substr(0, 64 << 10));
      return;
    }
    const Status fed = frames.feed(bytes, [this](WatchEvent event) { handler.deliver(std::move(event)); });
    if (!fed.ok()) close(fed.error());
  }
  void end() { close(status == 200 ? Error{} : error_of_answer(status, refusal)); }
  void close(Error error) {
    WatchEvent closed;
    closed.error = std::move(error);
    handler.deliver(std::move(closed));
  }

  GuardedHandler handler;
  FrameReader frames;
  int status = 0;
  std::string refusal;
};

class HttpsWatch final : public Watch {
 public:
  HttpsWatch(net::Call call, std::shared_ptr<Stream> stream) : call_(std::move(call)), stream_(std::move(stream)) {}
  ~HttpsWatch() override {
    stream_->handler.end();
    call_.cancel();
  }

 private:
  net::Call call_;
  std::shared_ptr<Stream> stream_;
};

class HttpsClient final : public Client {
 public:
  explicit HttpsClient(HttpsOptions options) : options_(std::move(options)) {}

  using Client::get_raw;
  using Client::list;

  void send(Request request, Done done) override {
    Query query;
    if (request.verb == Verb::get) query.add("resourceVersion", request.resource_version);
    if (request.verb == Verb::remove_collection) {
      query.add("labelSelector", request.label_selector);
      query.add("fieldSelector", request.field_selector);
    } else if (request.verb != Verb::get && request.verb != Verb::remove) {
      query.add("fieldManager", request.field_manager);
    }
    if (request.dry_run) query.add("dryRun", "All");
    net::ClientRequest http = make(method_of(request.verb), path_of(*request.resource, request.namespace_, request.name, request.subresource), query);
    write_body(request, http);
    const Counted counted = count(http);
    options_.http->send_async(std::move(http), [done = std::move(done), counted, unauthorized = options_.unauthorized](Result<net::ClientResponse> response) {
      counted.finished(response.ok() ? response->status : 0);
      if (!response.ok()) return done(std::move(response).error());
      if (response->status == 401 && unauthorized) unauthorized();
      if (response->status >= 300) return done(error_of_answer(response->status, response->body));
      done(read_object(response->body));
    });
  }

  void list(const Resource& resource, const ListOptions& options, ListDone done) override {
    Query query;
    query.add("labelSelector", options.label_selector);
    query.add("fieldSelector", options.field_selector);
    query.add("resourceVersion", options.resource_version);
    if (options.limit) query.add("limit", std::to_string(options.limit));
    query.add("continue", options.continue_token);
    net::ClientRequest http = make("GET", path_of(resource, options.namespace_, {}, {}), query);
    const Counted counted = count(http);
    options_.http->send_async(std::move(http), [&resource, done = std::move(done), counted, unauthorized = options_.unauthorized](Result<net::ClientResponse> response) {
      counted.finished(response.ok() ? response->status : 0);
      if (!response.ok()) return done(std::move(response).error());
      if (response->status == 401 && unauthorized) unauthorized();
      if (response->status >= 300) return done(error_of_answer(response->status, response->body));
      done(response->body.starts_with(api::protobuf_magic) ? api::decode_list_protobuf(resource.type(), response->body)
                                                           : api::decode_list_json(resource.type(), response->body));
    });
  }

  void get_raw(std::string path_and_query, RawDone done) override {
    net::ClientRequest http = make("GET", std::move(path_and_query), {});
    http.headers.set("accept", "application/json");
    const Counted counted = count(http);
    options_.http->send_async(std::move(http), [done = std::move(done), counted, unauthorized = options_.unauthorized](Result<net::ClientResponse> response) {
      counted.finished(response.ok() ? response->status : 0);
      if (response.ok() && response->status == 401 && unauthorized) unauthorized();
      done(raw_answer(std::move(response)));
    });
  }

  std::unique_ptr<Watch> watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) override {
    Query query;
    query.add("watch", "true");
    query.add("allowWatchBookmarks", "true");
    query.add("labelSelector", options.label_selector);
    query.add("fieldSelector", options.field_selector);
    query.add("resourceVersion", options.resource_version);
    net::ClientRequest http = make("GET", path_of(resource, options.namespace_, {}, {}), query);
    http.headers.set("accept", std::string(watch_type));
    http.timeout = {};
    auto stream = std::make_shared<Stream>(std::move(handler));
    net::CallCallbacks callbacks;
    callbacks.on_headers = [stream, host = options_.host, unauthorized = options_.unauthorized](int status, const net::Headers&) {
      rest_request_finished("GET", host, status);
      if (status == 401 && unauthorized) unauthorized();
      stream->headers(status);
    };
    callbacks.on_data = [stream](std::string_view bytes) { stream->data(bytes); };
    callbacks.on_end = [stream](const net::Headers&) { stream->end(); };
    callbacks.on_error = [stream](const Error& error) { stream->close(error); };
    return std::make_unique<HttpsWatch>(options_.http->stream(std::move(http), std::move(callbacks)), stream);
  }

 private:
  struct Counted {
    std::string method, host;
    Instant began;
    void finished(int status) const {
      rest_request_finished(method, host, status);
      rest_request_took(method, host, real_clock().now() - began);
    }
  };
  Counted count(const net::ClientRequest& request) const { return {request.method, options_.host, real_clock().now()}; }

  net::ClientRequest make(std::string_view method, std::string path, const Query& query) const {
    net::ClientRequest http;
    http.method = method;
    http.target = std::move(path) + query.text();
    http.timeout = options_.timeout;
    http.headers.set("accept", std::string(protobuf_type) + ", application/json");
    http.headers.set("user-agent", options_.user_agent);
    const std::string token = options_.token ? options_.token() : std::string();
    if (!token.empty()) http.headers.set("authorization", "Bearer " + token);
    return http;
  }

  const HttpsOptions options_;
};

}  // namespace

std::unique_ptr<Client> make_https_client(HttpsOptions options) { return std::make_unique<HttpsClient>(std::move(options)); }

}  // namespace plumb::informer
