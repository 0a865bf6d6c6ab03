#include "reference/cluster/control_plane/secure_serving.h"

#include <unistd.h>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/metrics.h"
#include "harness/net/crypto.h"
#include "harness/net/server.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/authorizationv1.h"
#include "reference/apiserver/server_metrics.h"
#include "reference/apiserver/user.h"
#include "reference/cluster/pki/pki.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
using apiserver::User;
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

// One request on its way through the reviews. Runs on the reactor and on callbacks of the client; never blocks.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(informer::Client& reviews, Request request, ResponseWriter response) : reviews_(reviews), request_(std::move(request)), response_(std::move(response)) {}

  void run() {
    if (request_.method != "GET" && request_.method != "HEAD") return answer(response_, 405, "only GET is answered here\n");
    if (is_health(request_.path)) return answer(response_, 200, "ok");
    User user;
    const auto& peer = request_.peer;
    if (peer && peer->certificate && peer->certificate->for_client) {
      user.name = peer->certificate->common_name;
      user.groups = peer->certificate->organizations;
      user.groups.emplace_back(apiserver::all_authenticated_group);
      return authorize(user);
    }
    const std::string_view authorization = trim(request_.headers.get("authorization"));
    if (authorization.size() > 7 && net::same_name(authorization.substr(0, 7), "bearer ")) return review(std::string(trim(authorization.substr(7))));
    if (peer && !peer->certificate_error.empty()) return answer(response_, 401, "Unauthorized\n");
    user.name = apiserver::anonymous_user;
    user.groups = {std::string(apiserver::all_unauthenticated_group)};
    authorize(user);
  }

 private:
  void review(std::string token) {
    auto asked = std::make_shared<authenticationv1::TokenReview>();
    asked->spec.token = api::Str(token);
    reviews_.send(informer::create_request(std::move(asked)), [self = shared_from_this()](Result<informer::ObjectPtr> result) {
      const auto found = result.ok() ? api::as<authenticationv1::TokenReview>(*result) : nullptr;
      if (!found || !found->status.authenticated) return answer(self->response_, 401, "Unauthorized\n");
      User user;
      user.name = found->status.user.username.str();
      for (const api::Str& group : found->status.user.groups) user.groups.push_back(group.str());
      self->authorize(user);
    });
  }
  void authorize(const User& user) {
    auto asked = std::make_shared<authorizationv1::SubjectAccessReview>();
    asked->spec.user = api::Str(user.name);
    for (const std::string& group : user.groups) asked->spec.groups.push_back(api::Str(group));
    auto& what = asked->spec.nonResourceAttributes.ensure();
    what.path = api::Str(request_.path);
    what.verb = "get";
    reviews_.send(informer::create_request(std::move(asked)), [self = shared_from_this(), name = user.name](Result<informer::ObjectPtr> result) {
      const auto found = result.ok() ? api::as<authorizationv1::SubjectAccessReview>(*result) : nullptr;
      if (!found) return answer(self->response_, 500, "the API server could not be asked whether this is allowed" + (result.ok() ? "" : ": " + result.error().message) + "\n");
      if (!found->status.allowed) return answer(self->response_, 403, "User \"" + name + "\" cannot get path \"" + self->request_.path + "\"\n");
      self->serve();
    });
  }
  void serve() {
    if (request_.path == "/metrics") return answer(response_, 200, metrics::text(), metrics_type);
    answer(response_, 404, "404 page not found\n");
  }

  informer::Client& reviews_;
  const Request request_;
  const ResponseWriter response_;
};

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
  serving.tls = net::TlsServerOptions{pair.certificate_pem, pair.key_pem, std::move(client_ca_pem)};
  serving.max_body_bytes = 64 << 10;
  serving.max_connections = 200;
  serving.name = "serving";
  auto parts = std::make_unique<Parts>();
  parts->server = PLUMB_TRY(net::Server::start(std::move(serving), [&reviews](Request request, ResponseWriter response) {
    std::make_shared<Exchange>(reviews, std::move(request), std::move(response))->run();
  }));
  return std::unique_ptr<SecureServing>(new SecureServing(std::move(parts)));
}

}  // namespace plumb::cluster
