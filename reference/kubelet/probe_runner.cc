#include "reference/kubelet/probe_runner.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "harness/base/encoding.h"
#include "harness/net/client.h"
#include "harness/net/grpc.h"

namespace plumb::kubelet {
namespace {

constexpr std::size_t kMaxBody = 10 << 10;
constexpr int kServing = 1;

// The port's number; 0 when there is no port of that name.
int port_number(const api::IntOrString& port, const corev1::Container& container) {
  if (!port.is_string()) return port.number;
  for (const auto& item : container.ports)
    if (item.name == port.text) return item.containerPort;
  return static_cast<int>(parse_int(port.text.view()).value_or(0));
}

std::string seconds_text(Duration limit) { return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + "s"; }

ProbeOutcome check_tcp(const std::string& host, int port, Duration limit) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const std::string where = host + ":" + std::to_string(port);
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {false, "dial tcp: lookup " + host + ": no such host"};
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ProbeOutcome outcome;
  int error = connect(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  freeaddrinfo(found);
  if (error == EINPROGRESS) {
    pollfd wait{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (::poll(&wait, 1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count())) <= 0) error = ETIMEDOUT;
    else getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  close(fd);
  if (error == 0) return {true, ""};
  return {false, "dial tcp " + where + ": " + (error == ETIMEDOUT ? "i/o timeout" : error == ECONNREFUSED ? "connect: connection refused" : std::strerror(error))};
}

ProbeOutcome check_http(const ProbeTarget& target, const corev1::HTTPGetAction& action, Duration limit) {
  const int port = port_number(action.port, *target.container);
  if (port <= 0 || port > 65535) return {false, "invalid port " + action.port.text.str()};
  net::ClientOptions options;
  options.endpoint = {action.host.empty() ? target.ip : action.host.str(), static_cast<std::uint16_t>(port), {}};
  options.connect_timeout = limit;
  const bool tls = action.scheme == "HTTPS";
  if (tls) options.tls = net::TlsClientOptions{.insecure_skip_verify = true};
  else options.protocol = net::ClientOptions::Protocol::http_1_1;
  net::ClientRequest request;
  request.target = action.path.empty() ? "/" : action.path.str();
  if (!request.target.starts_with('/')) request.target = "/" + request.target;
  const std::string url = std::string(tls ? "https://" : "http://") + options.endpoint.text() + request.target;
  request.timeout = limit;
  for (const auto& header : action.httpHeaders) request.headers.add(header.name.str(), header.value.str());
  if (!request.headers.has("User-Agent")) request.headers.add("User-Agent", "kube-probe/1.37");
  if (!request.headers.has("Accept")) request.headers.add("Accept", "*/*");
  const auto client = net::HttpClient::create(std::move(options));
  if (!client.ok()) return {false, "Get \"" + url + "\": " + client.error().message};
  const auto response = (*client)->send(std::move(request));
  if (!response.ok()) {
    const bool late = response.error().code == Code::deadline_exceeded;
    return {false, "Get \"" + url + "\": " + (late ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)" : response.error().message)};
  }
  if (response->status >= 200 && response->status < 400) return {true, response->body.substr(0, kMaxBody)};
  return {false, "HTTP probe failed with statuscode: " + std::to_string(response->status)};
}

// grpc.health.v1: HealthCheckRequest{service = 1}, HealthCheckResponse{status = 1}.
ProbeOutcome check_grpc(const ProbeTarget& target, const corev1::GRPCAction& action, Duration limit) {
  net::grpc::ChannelOptions options;
  options.endpoint = {target.ip, static_cast<std::uint16_t>(action.port), {}};
  options.max_message = 1 << 20;
  const auto channel = net::grpc::Channel::create(std::move(options));
  if (!channel.ok()) return {false, channel.error().message};
  const std::string service = action.service.value_or("").str();
  std::string request;
  if (!service.empty() && service.size() < 128) request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  const auto answer = (*channel)->unary("/grpc.health.v1.Health/Check", request, {.timeout = limit});
  if (!answer.ok()) {
    if (answer.error().code == Code::deadline_exceeded) return {false, "timeout: failed to connect service \"" + target.ip + ":" + std::to_string(action.port) + "\" within " + seconds_text(limit)};
    return {false, "error: health rpc probe failed: " + answer.error().message};
  }
  const int status = answer->size() >= 2 && (*answer)[0] == 8 ? (*answer)[1] : 0;
  if (status == kServing) return {true, "service healthy"};
  return {false, std::string("service unhealthy (responded with \"") + (status == 2 ? "NOT_SERVING" : "UNKNOWN") + "\")"};
}

class Runner final : public ProbeRunner {
 public:
  explicit Runner(cri::Runtime& runtime) : runtime_(runtime) {}

  ProbeOutcome probe(const ProbeTarget& target, const corev1::ProbeHandler& handler, Duration limit) override {
    if (handler.exec) return exec(target, *handler.exec, limit);
    if (handler.httpGet) return check_http(target, *handler.httpGet, limit);
    if (handler.tcpSocket) {
      const int port = port_number(handler.tcpSocket->port, *target.container);
      return check_tcp(handler.tcpSocket->host.empty() ? target.ip : handler.tcpSocket->host.str(), port, limit);
    }
    if (handler.grpc) return check_grpc(target, *handler.grpc, limit);
    return {true, ""};
  }

 private:
  ProbeOutcome exec(const ProbeTarget& target, const corev1::ExecAction& action, Duration limit) {
    std::vector<std::string> command;
    for (const auto& word : action.command) command.push_back(word.str());
    const auto result = runtime_.exec_sync(target.container_id, command, limit);
    if (!result.ok()) {
      if (result.error().code == Code::deadline_exceeded) return {false, "command timed out: \"" + join(command, " ") + "\" timed out after " + seconds_text(limit)};
      return {false, result.error().message};
    }
    if (result->exit_code == 0) return {true, result->out.substr(0, kMaxBody)};
    return {false, (result->out + result->err).substr(0, kMaxBody)};
  }

  cri::Runtime& runtime_;
};

}  // namespace

std::unique_ptr<ProbeRunner> make_probe_runner(cri::Runtime& runtime) { return std::make_unique<Runner>(runtime); }

}  // namespace plumb::kubelet
