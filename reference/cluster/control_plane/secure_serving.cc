#include "reference/cluster/control_plane/secure_serving.h"

#include <unistd.h>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/metrics.h"
#include "harness/net/crypto.h"
#include "harness/net/server.h"
#include "reference/apiserver/server_metrics.h"
#include "reference/informer/delegated_access.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
using net::Request;
using net::ResponseWriter;

constexpr char text_type[] = "text/plain; charset=utf-8", metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

void answer(ResponseWriter response, int status, std::string body, const char* type = text_type) {
  response.send(status, {{"Content-Type", type}, {"X-Content-Type-Options", "nosniff"}}, std::move(body));
}

bool is_health(std::string_view path) { return path == "/healthz" || path == "/livez" || path == "/readyz"; }

// An authority that nobody keeps signs it: whoever connects by it does not verify, or knows it from elsewhere.
Result<net::KeyPair> self_made(Clock& clock) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  const WallTime begin = clock.wall() - 5min, end = clock.wall() + 24h * 365;
  const net::CertificateAuthority authority = PLUMB_TRY(net::make_authority(std::string(host) + "-ca", begin, end));
  net::CertificateRequest request;
  request.common_name = host;
  request.dns_names = {"localhost", host};
  request.ip_addresses = {"127.0.0.1"};
  request.for_server = true;
  request.not_before = begin;
  request.not_after = end;
  return net::issue_certificate(authority, request);
}

void handle(const informer::DelegatedAccess& access, const Request& request, const ResponseWriter& response) {
  if (request.method != "GET" && request.method != "HEAD") return answer(response, 405, "only GET is answered here\n");
  if (is_health(request.path)) return answer(response, 200, "ok");
  access.check(request, {.verb = "get", .path = request.path}, [path = request.path, response](Result<apiserver::UserPtr> user) {
    if (!user.ok()) return answer(response, user.error().http_status, user.error().message + "\n");
    if (path == "/metrics") return answer(response, 200, metrics::text(), metrics_type);
    answer(response, 404, "404 page not found\n");
  });
}

}  // namespace

void ServingFlags::declare(Arguments& arguments) {
  arguments.group("Secure serving");
  arguments.option("--bind-address", bind_address, "address to serve health and metrics on")
      .option("--secure-port", secure_port, "port to serve them on, over HTTPS; 0: not at all")
      .option("--tls-cert-file", certificate_file, "certificate to serve with; without one a self-made one")
      .option("--tls-private-key-file", key_file, "its key");
  arguments.group("Options");
}

struct SecureServing::Parts {
  std::unique_ptr<informer::DelegatedAccess> access;
  std::unique_ptr<net::Server> server;
};
SecureServing::SecureServing(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SecureServing::~SecureServing() = default;
std::uint16_t SecureServing::port() const { return parts_->server->port(); }

Result<std::unique_ptr<SecureServing>> SecureServing::start(const ServingFlags& flags, std::string client_ca_pem, informer::Client& reviews, Clock& clock) {
  if (flags.secure_port < 0 || flags.secure_port > 65535) return fail(Code::invalid_argument, "--secure-port must be between 0 and 65535");
  if (flags.certificate_file.empty() != flags.key_file.empty()) return fail(Code::invalid_argument, "--tls-cert-file and --tls-private-key-file go together");
  net::KeyPair pair;
  if (flags.certificate_file.empty()) {
    pair = PLUMB_TRY(self_made(clock));
  } else {
    pair.certificate_pem = PLUMB_TRY(read_file(flags.certificate_file));
    pair.key_pem = PLUMB_TRY(read_file(flags.key_file));
  }
  apiserver::publish_build_info();
  net::ServerOptions serving;
  serving.address = flags.bind_address;
  serving.port = static_cast<std::uint16_t>(flags.secure_port);
  serving.tls = net::TlsServerOptions{pair.certificate_pem, pair.key_pem, client_ca_pem};
  serving.max_body_bytes = 64 << 10;
  serving.max_connections = 200;
  serving.name = "serving";
  auto parts = std::make_unique<Parts>();
  parts->access = std::make_unique<informer::DelegatedAccess>(reviews, clock, informer::DelegatedAccess::Options{std::move(client_ca_pem), std::nullopt});
  parts->server = PLUMB_TRY(net::Server::start(std::move(serving), [access = parts->access.get()](const Request& request, const ResponseWriter& response) { handle(*access, request, response); }));
  return std::unique_ptr<SecureServing>(new SecureServing(std::move(parts)));
}

}  // namespace plumb::cluster
