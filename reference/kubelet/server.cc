#include "reference/kubelet/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "harness/base/metrics.h"
#include "harness/net/client.h"
#include "harness/net/server.h"
#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"
#include "reference/kubelet/access.h"
#include "reference/kubelet/logs.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;
using net::Request;
using net::ResponseWriter;

constexpr std::size_t kAhead = 256 << 10;  // of a client that reads logs slowly

class Query {
 public:
  explicit Query(std::string_view text) {
    for (const auto part : split(text, '&')) {
      const auto equals = part.find('=');
      const auto value = equals == part.npos ? std::string_view() : part.substr(equals + 1);
      values_.emplace(url_decode(part.substr(0, equals), true).value_or(""), url_decode(value, true).value_or(""));
    }
  }
  std::string get(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }
  std::vector<std::string> all(const std::string& name) const {
    std::vector<std::string> result;
    for (auto [at, end] = values_.equal_range(name); at != end; ++at) result.push_back(at->second);
    return result;
  }
  bool flag(const std::string& name) const {
    const auto value = get(name);
    return value == "1" || value == "true";
  }

 private:
  std::multimap<std::string, std::string> values_;
};

void text(const ResponseWriter& response, int status, std::string body) {
  ResponseWriter(response).send(status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body));
}

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  for (const auto part : split(path, '/'))
    if (!part.empty()) parts.push_back(url_decode(part).value_or(""));
  return parts;
}

// What of a client's upgrade request the runtime's streaming server has to see.
net::Headers upgrade_headers(const net::Headers& from) {
  net::Headers to;
  for (const auto& [name, value] : from)
    for (const char* kept : {"Upgrade", "Connection", "X-Stream-Protocol-Version", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol",
                             "Sec-WebSocket-Extensions", "Origin"})
      if (net::same_name(name, kept)) to.add(name, value);
  return to;
}

bool speaks_known_websocket(const net::Headers& headers) {
  if (!headers.has_token("Upgrade", "websocket")) return true;
  for (const char* protocol : {"v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", "v4.channel.k8s.io",
                               "portforward.k8s.io", "v4.base64.portforward.k8s.io"})
    if (headers.has_token("Sec-WebSocket-Protocol", protocol)) return true;
  return !headers.has("Sec-WebSocket-Protocol");
}

}  // namespace

class KubeletServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(ServerOptions options, PodWorkers& pods, cri::Runtime& runtime, Executor& executor, Clock& clock)
      : options_(std::move(options)), pods_(pods), runtime_(runtime), executor_(executor), clock_(clock) {
    if (options_.reviews) access_ = std::make_unique<informer::DelegatedAccess>(*options_.reviews, clock, informer::DelegatedAccess::Options{options_.tls.client_ca_pem, std::nullopt});
  }

  Status start() {
    net::ServerOptions server;
    server.address = options_.address;
    server.port = options_.port;
    server.tls = options_.tls;
    server.name = "kubelet";
    server_ = PLUMB_TRY(net::Server::start(std::move(server), [weak = weak_from_this()](Request request, ResponseWriter response) {
      if (const auto self = weak.lock()) self->handle(std::move(request), response);
    }));
    return {};
  }
  void stop() {
    stopping_ = true;
    if (server_) server_->stop({});
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return at_work_ == 0; });
  }
  std::uint16_t port() const { return server_->port(); }

 private:
  void handle(Request request, const ResponseWriter& response) {
    if (request.path == "/healthz") return text(response, 200, "ok");
    if (is_named(request)) return serve(std::move(request), response);
    if (!access_) return text(response, request.peer && request.peer->certificate ? 403 : 401, request.peer && request.peer->certificate ? "Forbidden" : "Unauthorized");
    const auto kept = std::make_shared<Request>(std::move(request));
    access_->check(*kept, access_question(*kept, options_.node_name), [weak = weak_from_this(), kept, response](Result<apiserver::UserPtr> user) {
      if (!user.ok()) return text(response, user.error().http_status, user.error().message);
      // The answer may come on a thread of the transport; what is served belongs on the connection's.
      response.reactor()->run([weak, kept, response] {
        if (const auto self = weak.lock()) self->serve(std::move(*kept), response);
      });
    });
  }
  void serve(Request request, const ResponseWriter& response) {
    const auto parts = path_parts(request.path);
    const std::string first = parts.empty() ? "" : parts[0];
    if (first == "metrics" && parts.size() == 1) return ResponseWriter(response).send(200, {{"Content-Type", "text/plain; version=0.0.4"}}, metrics::text());
    if ((first == "pods" || first == "runningpods") && (parts.size() == 1 || parts[1].empty())) return list_pods(response);
    if (is_usage_page(request.path)) return work(response, [this, path = request.path](const ResponseWriter& out) { usage(path, out); });
    if (first == "containerLogs" && parts.size() == 4) return logs(request, parts, response);
    if ((first == "exec" || first == "attach") && (parts.size() == 4 || parts.size() == 5)) return streams(std::move(request), parts, response);
    if (first == "portForward" && (parts.size() == 3 || parts.size() == 4)) return streams(std::move(request), parts, response);
    text(response, 404, "404 page not found\n");
  }
  bool is_named(const Request& request) const {
    if (!request.peer || !request.peer->certificate) return false;
    const auto& who = *request.peer->certificate;
    if (options_.users.contains(who.common_name)) return true;
    return std::any_of(who.organizations.begin(), who.organizations.end(), [&](const auto& group) { return options_.groups.contains(group); });
  }
  // Runs on the executor; the server's stop waits for it.
  void work(const ResponseWriter& response, std::function<void(const ResponseWriter&)> job) {
    {
      std::lock_guard lock(mutex_);
      at_work_++;
    }
    executor_.post([self = shared_from_this(), response, job = std::move(job)] {
      if (!self->stopping_) job(response);
      std::lock_guard lock(self->mutex_);
      if (--self->at_work_ == 0) self->idle_.notify_all();
    });
  }

  void list_pods(const ResponseWriter& response) {
    std::string body = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
    bool first = true;
    for (const auto& pod : pods_.pods()) {
      if (!std::exchange(first, false)) body += ',';
      api::encode_json(*pod, body);
    }
    ResponseWriter(response).send(200, {{"Content-Type", "application/json"}}, body + "]}");
  }

  void usage(const std::string& path, const ResponseWriter& response) {
    NodeUsage node = options_.node_usage ? options_.node_usage() : NodeUsage();
    node.node = options_.node_name;
    node.at = clock_.wall();
    const auto listed = runtime_.list_container_stats({});
    node.complete = listed.ok();
    if (listed.ok()) node.pods = by_pod(pods_.pods(), *listed, [this](const corev1::Pod& pod, const std::string& container) { return started_at(pod, container); });
    else if (path == "/stats/summary") return text(response, 500, listed.error().message);
    const auto page = usage_page(path, node);
    ResponseWriter(response).send(200, {{"Content-Type", page->type}}, page->body);
  }
  std::optional<WallTime> started_at(const corev1::Pod& pod, const std::string& container) const {
    const auto view = pods_.view(pod.metadata.namespace_.view(), pod.metadata.name.view());
    if (view)
      for (const auto& item : view->containers)
        if (item.name == container && item.current) return item.current->started_at;
    return std::nullopt;
  }

  // Logs.
  void logs(const Request& request, const std::vector<std::string>& parts, const ResponseWriter& response) {
    const Query query(request.query);
    const std::string namespace_ = parts[1], name = parts[2], container = parts[3];
    const auto view = pods_.view(namespace_, name);
    if (!view) return text(response, 404, "pod \"" + name + "\" does not exist\n");
    const auto found = std::find_if(view->containers.begin(), view->containers.end(), [&](const auto& item) { return item.name == container; });
    const std::string who = "container \"" + container + "\" in pod \"" + name + "\"";
    if (found == view->containers.end()) return text(response, 404, who + " is not valid\n");
    const bool previous = query.flag("previous");
    const auto& run = previous ? found->previous : found->current;
    if (!run) return text(response, 400, previous ? "previous terminated " + who + " not found" : who + " is waiting to start: " + waiting_reason(*view, container));
    LogOptions options;
    options.follow = query.flag("follow") && !previous;
    options.timestamps = query.flag("timestamps");
    if (const auto lines = parse_int(query.get("tailLines"))) options.tail_lines = *lines;
    if (const auto bytes = parse_int(query.get("limitBytes"))) options.limit_bytes = *bytes;
    if (const auto seconds = parse_int(query.get("sinceSeconds"))) options.since = clock_.wall() - std::chrono::seconds(*seconds);
    if (const auto time = api::parse_time(query.get("sinceTime")); time.ok()) options.since = *time;
    const std::string path = options_.log_dir(*view->pod) + "/" + container + "/" + std::to_string(run->attempt) + ".log";
    work(response, [this, options, path, namespace_, name, container, id = run->id](const ResponseWriter& out) {
      send_log(out, options, path, [this, namespace_, name, container, id] { return has_ended(namespace_, name, container, id); });
    });
  }
  static std::string waiting_reason(const PodView& view, const std::string& container) {
    for (const auto* list : {&view.pod->status.containerStatuses, &view.pod->status.initContainerStatuses})
      for (const auto& status : *list)
        if (status.name == container && status.state.waiting) return status.state.waiting->reason.str();
    return "ContainerCreating";
  }
  bool has_ended(const std::string& namespace_, const std::string& name, const std::string& container, const std::string& id) const {
    const auto view = pods_.view(namespace_, name);
    if (!view) return true;
    for (const auto& item : view->containers)
      if (item.name == container) return !item.current || item.current->id != id || item.current->exited();
    return true;
  }
  // Waits where the client is slow: the callback wakes it.
  struct Pace {
    std::mutex mutex;
    std::condition_variable moved;
    bool room = true;
  };
  void send_log(const ResponseWriter& given, const LogOptions& options, const std::string& path, const std::function<bool()>& ended) {
    ResponseWriter response(given);
    bool begun = false;
    const auto pace = std::make_shared<Pace>();
    const auto begin = [&] {
      if (!std::exchange(begun, true)) response.begin(200, {{"Content-Type", "text/plain"}});
    };
    if (options.follow) begin();
    const auto read = read_log(path, options, [&](std::string part) {
      begin();
      if (!part.empty()) response.write(std::move(part));
      while (response.buffered() > kAhead && !stopping_ && !response.cancelled()) wait_for_room(response, pace);
      return !stopping_ && !response.cancelled();
    }, ended);
    if (!read.ok() && !begun) return text(response, 500, "failed to try resolving symlinks in path \"" + path + "\": " + read.error().message);
    begin();
    response.end();
  }
  static void wait_for_room(ResponseWriter& response, const std::shared_ptr<Pace>& pace) {
    std::unique_lock lock(pace->mutex);
    pace->room = false;
    lock.unlock();
    response.on_writable(kAhead / 2, [pace] {
      std::lock_guard inner(pace->mutex);
      pace->room = true;
      pace->moved.notify_all();
    });
    lock.lock();
    pace->moved.wait_for(lock, 1s, [&] { return pace->room; });
  }

  // exec, attach, port-forward.
  void streams(Request request, const std::vector<std::string>& parts, const ResponseWriter& response) {
    const auto view = pods_.view(parts[1], parts[2]);
    if (!view) return text(response, 404, "pod does not exist\n");
    if (!request.headers.has("Upgrade")) return text(response, 400, "unable to upgrade: missing upgrade headers in request\n");
    if (!speaks_known_websocket(request.headers)) return text(response, 400, "unable to upgrade: this WebSocket protocol is not spoken here; use SPDY/3.1\n");
    if (parts[0] == "portForward") return work(response, [this, request = std::move(request), view = *view](const ResponseWriter& out) {
      std::vector<int> ports;
      for (const auto& port : Query(request.query).all("port")) ports.push_back(static_cast<int>(parse_int(port).value_or(0)));
      for (const auto& list : Query(request.query).all("ports"))
        for (const auto port : split(list, ',')) ports.push_back(static_cast<int>(parse_int(port).value_or(0)));
      if (view.sandbox_id.empty()) return text(out, 404, "pod not found (\"" + view.pod->metadata.name.str() + "\")\n");
      tunnel(request, runtime_.port_forward_url(view.sandbox_id, ports), out);
    });
    const std::string container = parts.back();
    const auto found = std::find_if(view->containers.begin(), view->containers.end(), [&](const auto& item) { return item.name == container; });
    if (found == view->containers.end() || !found->current || !found->current->running())
      return text(response, found == view->containers.end() ? 404 : 400, "container not found (\"" + container + "\")\n");
    work(response, [this, request = std::move(request), id = found->current->id, exec = parts[0] == "exec"](const ResponseWriter& out) {
      const Query query(request.query);
      const cri::StreamOptions options{query.flag("tty"), query.flag("input"), query.flag("output"), query.flag("error")};
      tunnel(request, exec ? runtime_.exec_url(id, query.all("command"), options) : runtime_.attach_url(id, options), out);
    });
  }

  void tunnel(const Request& request, const Result<std::string>& url, const ResponseWriter& response) {
    if (!url.ok()) return text(response, 500, url.error().message);
    const auto target = net::parse_url(*url);
    if (!target.ok()) return text(response, 500, target.error().message);
    net::ClientOptions options;
    options.endpoint = target->endpoint;
    options.protocol = net::ClientOptions::Protocol::http_1_1;
    options.reactor = response.reactor();
    const auto client = net::HttpClient::create(std::move(options));
    if (!client.ok()) return text(response, 500, client.error().message);
    net::ClientRequest forward;
    forward.method = request.method;
    forward.target = target->target;
    forward.headers = upgrade_headers(request.headers);
    forward.timeout = 30s;
    (*client)->upgrade_async(std::move(forward), [response, client = *client](Result<net::HttpClient::Upgraded> upgraded) {
      if (!upgraded.ok()) return text(response, 502, upgraded.error().message);
      if (!upgraded->stream) return text(response, upgraded->response.status, upgraded->response.body);
      net::Headers headers;
      for (const auto& [name, value] : upgraded->response.headers)
        if (!net::same_name(name, "Date") && !net::same_name(name, "Content-Length")) headers.add(name, value);
      ResponseWriter(response).upgrade(std::move(headers), [runtime = upgraded->stream, client](std::shared_ptr<net::Stream> stream) {
        if (!stream) return runtime->close();
        net::splice(stream, runtime, [client] {});
      });
    });
  }

  const ServerOptions options_;
  PodWorkers& pods_;
  cri::Runtime& runtime_;
  Executor& executor_;
  Clock& clock_;
  std::unique_ptr<informer::DelegatedAccess> access_;
  std::unique_ptr<net::Server> server_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
  int at_work_ = 0;  // under mutex_
};

Result<std::unique_ptr<KubeletServer>> KubeletServer::start(ServerOptions options, PodWorkers& pods, cri::Runtime& runtime, Executor& executor, Clock& clock) {
  auto core = std::make_shared<Core>(std::move(options), pods, runtime, executor, clock);
  PLUMB_TRY(core->start());
  return std::unique_ptr<KubeletServer>(new KubeletServer(std::move(core)));
}
KubeletServer::~KubeletServer() { stop(); }
std::uint16_t KubeletServer::port() const { return core_->port(); }
void KubeletServer::stop() {
  if (core_) core_->stop();
}

}  // namespace plumb::kubelet
