#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/client/transport.h"

namespace plumb::client {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// One exchange. Everything but the flags at the end belongs to the transport's thread.
struct Exchange {
  Request request;
  StreamCallbacks callbacks;
  CURL* easy = nullptr;
  curl_slist* header_list = nullptr;
  curl_slist* connect_to = nullptr;
  Headers headers;
  bool headers_told = false;
  bool paused = false;
  char problem[CURL_ERROR_SIZE] = {};

  std::mutex mutex;
  std::condition_variable ended_changed;
  bool ended = false;

  ~Exchange() {
    curl_slist_free_all(header_list);
    curl_slist_free_all(connect_to);
    if (easy != nullptr) curl_easy_cleanup(easy);
  }
  int status() const {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }
  void tell_headers() {
    if (std::exchange(headers_told, true)) return;
    if (callbacks.on_headers) callbacks.on_headers(status(), headers);
  }
  void end(Status outcome) {
    callbacks.on_end(std::move(outcome));
    std::lock_guard lock(mutex);
    ended = true;
    ended_changed.notify_all();
  }
};

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) exchange.headers.clear();
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    exchange.headers.emplace_back(lower(std::string(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  }
  // A watch may stay silent for long after its headers: they are told at once, save for interim and proxy answers.
  if (trim(line).empty() && exchange.status() >= 200) exchange.tell_headers();
  return line.size();
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  if (exchange.paused) return CURL_WRITEFUNC_PAUSE;
  exchange.tell_headers();
  if (!exchange.callbacks.on_data(std::string_view(data, size * count))) exchange.paused = true;
  return size * count;
}

Error explain(CURLcode code, const Exchange& exchange, const std::string& endpoint) {
  const std::string why = exchange.problem[0] != 0 ? exchange.problem : curl_easy_strerror(code);
  const std::string what = exchange.request.method + " " + exchange.request.target.substr(0, exchange.request.target.find('?'));
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return fail(Code::deadline_exceeded, what + ": no complete answer in time: " + why);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return fail(Code::unavailable, "cannot reach the API server at " + endpoint + ": " + why + ": is the cluster running, and is it the right context?");
    case CURLE_PEER_FAILED_VERIFICATION:
      return fail(Code::unauthenticated, "the API server at " + endpoint + " does not prove to be the one in the kubeconfig: " + why +
                                             ": check certificate-authority and tls-server-name");
    case CURLE_SSL_CERTPROBLEM: return fail(Code::unauthenticated, "the client certificate in the kubeconfig cannot be used: " + why);
    default: return fail(Code::unavailable, what + " at " + endpoint + ": " + why);
  }
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(Config config) : config_(std::move(config)), endpoint_(endpoint_of(config_)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS, 200L);
    thread_ = std::thread([this] { run(); });
  }
  ~CurlTransport() override {
    post([this] { stopping_ = true; });
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  void send_async(Request request, std::function<void(Result<Response>)> done) override {
    auto response = std::make_shared<Response>();
    start(std::move(request),
          {.on_headers = [response](int status, const Headers& headers) { response->status = status, response->headers = headers; },
           .on_data = [response](std::string_view data) { return response->body.append(data), true; },
           .on_end = [response, done = std::move(done)](Status end) {
             if (end.ok()) done(std::move(*response));
             else done(end.error());
           }});
  }

  std::unique_ptr<Stream> open(Request request, StreamCallbacks callbacks) override {
    return std::make_unique<CurlStream>(*this, start(std::move(request), std::move(callbacks)));
  }

 private:
  class CurlStream final : public Stream {
   public:
    CurlStream(CurlTransport& transport, std::shared_ptr<Exchange> exchange) : transport_(transport), exchange_(std::move(exchange)) {}
    ~CurlStream() override {
      transport_.post([&transport = transport_, exchange = exchange_] { transport.finish(exchange, fail(Code::cancelled, "cancelled")); });
      std::unique_lock lock(exchange_->mutex);
      exchange_->ended_changed.wait(lock, [this] { return exchange_->ended; });
    }
    void resume() override {
      transport_.post([exchange = exchange_, &transport = transport_] {
        if (!transport.active_.contains(exchange->easy)) return;
        exchange->paused = false;
        curl_easy_pause(exchange->easy, CURLPAUSE_CONT);
      });
    }

   private:
    CurlTransport& transport_;
    std::shared_ptr<Exchange> exchange_;
  };

  // Unbounded on purpose: every entry belongs to a caller who waits for it or holds its stream.
  void post(std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
    }
    curl_multi_wakeup(multi_);
  }

  std::shared_ptr<Exchange> start(Request request, StreamCallbacks callbacks) {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    exchange->callbacks = std::move(callbacks);
    exchange->easy = curl_easy_init();
    post([this, exchange] { begin(exchange); });
    return exchange;
  }

  void begin(const std::shared_ptr<Exchange>& exchange) {
    if (stopping_) return exchange->end(fail(Code::cancelled, "the client is closing"));
    prepare(*exchange);
    active_.emplace(exchange->easy, exchange);
    curl_multi_add_handle(multi_, exchange->easy);
  }

  void prepare(Exchange& exchange) {
    CURL* easy = exchange.easy;
    const Request& request = exchange.request;
    set_address(exchange);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange.problem);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, nullptr);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    if (request.timeout > Duration{}) {
      const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout).count();
      curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(limit, 1)));
    }
    set_method(easy, request);
    set_tls(easy);
    set_headers(exchange);
  }

  // With a tls-server-name the URL bears that name, and the connection still goes to the server.
  void set_address(Exchange& exchange) {
    std::string base = config_.server;
    if (!config_.tls_server_name.empty()) {
      const bool has_port = endpoint_.rfind(':') != std::string::npos && !endpoint_.ends_with(']');
      const std::string port = has_port ? endpoint_.substr(endpoint_.rfind(':')) : ":443";
      base.replace(base.find(endpoint_), endpoint_.size(), config_.tls_server_name + port);
      exchange.connect_to = curl_slist_append(nullptr, ("::" + endpoint_ + (has_port ? "" : port)).c_str());
      curl_easy_setopt(exchange.easy, CURLOPT_CONNECT_TO, exchange.connect_to);
    }
    curl_easy_setopt(exchange.easy, CURLOPT_URL, (base + exchange.request.target).c_str());
  }

  static void set_method(CURL* easy, const Request& request) {
    if (request.method == "GET") return;
    if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
      return;
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.body.empty() && request.method == "DELETE") return;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }

  void set_tls(CURL* easy) {
    if (config_.insecure) {
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    const auto blob = [](const std::string& pem) { return curl_blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY}; };
    if (!config_.ca.empty()) {
      curl_blob ca = blob(config_.ca);
      curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    if (!config_.user.client_certificate.empty()) {
      curl_blob certificate = blob(config_.user.client_certificate), key = blob(config_.user.client_key);
      curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
      curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    }
    if (!config_.proxy_url.empty()) curl_easy_setopt(easy, CURLOPT_PROXY, config_.proxy_url.c_str());
  }

  std::string token() const {
    if (config_.user.token_file.empty()) return config_.user.token;
    const auto text = read_file(config_.user.token_file);
    return text.ok() && !text->empty() ? std::string(trim(*text)) : config_.user.token;
  }

  void set_headers(Exchange& exchange) {
    const auto add = [&](const std::string& line) { exchange.header_list = curl_slist_append(exchange.header_list, line.c_str()); };
    const Credentials& user = config_.user;
    if (const std::string bearer = token(); !bearer.empty()) {
      add("Authorization: Bearer " + bearer);
    } else if (!user.username.empty()) {
      add("Authorization: Basic " + base64_encode(user.username + ":" + user.password));
    }
    if (!user.impersonate_user.empty()) add("Impersonate-User: " + user.impersonate_user);
    if (!user.impersonate_uid.empty()) add("Impersonate-Uid: " + user.impersonate_uid);
    for (const auto& group : user.impersonate_groups) add("Impersonate-Group: " + group);
    for (const auto& [key, values] : user.impersonate_extra) {
      for (const auto& value : values) add("Impersonate-Extra-" + url_encode(key) + ": " + value);
    }
    for (const auto& [name, value] : exchange.request.headers) add(name + ": " + value);
    if (header(exchange.request.headers, "content-type").empty()) add("Content-Type:");
    add("Expect:");
    curl_easy_setopt(exchange.easy, CURLOPT_HTTPHEADER, exchange.header_list);
  }

  void finish(const std::shared_ptr<Exchange>& exchange, Status outcome) {
    if (active_.erase(exchange->easy) == 0) return;
    curl_multi_remove_handle(multi_, exchange->easy);
    exchange->end(std::move(outcome));
  }

  void run() {
    while (true) {
      std::deque<std::function<void()>> work;
      {
        std::lock_guard lock(mutex_);
        work.swap(work_);
      }
      for (auto& item : work) item();
      if (stopping_) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect();
      curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);
    }
    while (!active_.empty()) finish(std::shared_ptr<Exchange>(active_.begin()->second), fail(Code::cancelled, "the client is closing"));
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto found = active_.find(message->easy_handle);
      if (found == active_.end()) continue;
      const std::shared_ptr<Exchange> exchange = found->second;
      const CURLcode code = message->data.result;
      if (code == CURLE_OK) exchange->tell_headers();
      finish(exchange, code == CURLE_OK ? Status() : Status(explain(code, *exchange, endpoint_)));
    }
  }

  const Config config_;
  const std::string endpoint_;
  CURLM* const multi_;
  std::mutex mutex_;
  std::deque<std::function<void()>> work_;
  // Of the transport's thread:
  bool stopping_ = false;
  std::map<CURL*, std::shared_ptr<Exchange>> active_;
  std::thread thread_;
};

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<Response> Transport::send(Request request) {
  auto promise = std::make_shared<std::promise<Result<Response>>>();
  auto answer = promise->get_future();
  send_async(std::move(request), [promise](Result<Response> response) { promise->set_value(std::move(response)); });
  return answer.get();
}

Result<std::unique_ptr<Transport>> make_curl_transport(const Config& config) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return fail(Code::internal, "libcurl cannot start");
  Config resolved = config;
  resolved.user = PLUMB_TRY(resolve_exec(config.user));
  return std::unique_ptr<Transport>(std::make_unique<CurlTransport>(std::move(resolved)));
}

}  // namespace plumb::client
