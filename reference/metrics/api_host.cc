#include "reference/metrics/api_host.h"

#include "harness/base/metrics.h"
#include "harness/net/crypto.h"
#include "harness/net/server.h"

namespace plumb::metrics_api {
namespace {

using namespace std::chrono_literals;
using api::Doc;
using net::Request;
using net::ResponseWriter;

void send(ResponseWriter response, int status, std::string body, const char* type = "application/json") {
  response.send(status, {{"Content-Type", type}, {"Cache-Control", "no-cache, private"}}, std::move(body));
}
void send(const ResponseWriter& response, const ApiAnswer& answer) { send(response, answer.status, answer.body.to_json()); }

std::string_view reason_of(int code) { return code == 401 ? "Unauthorized" : code == 403 ? "Forbidden" : "InternalError"; }

Doc version_entry(const ServedVersion& each) { return Doc::object({{"groupVersion", each.group + "/" + each.version}, {"version", each.version}}); }

Doc group_doc(const std::vector<ServedVersion>& served, const std::string& group) {
  std::vector<Doc> versions;
  for (const ServedVersion& each : served)
    if (each.group == group) versions.push_back(version_entry(each));
  const Doc preferred = versions.empty() ? Doc() : versions.front();
  return Doc::object({{"kind", "APIGroup"}, {"apiVersion", "v1"}, {"name", group}, {"versions", Doc::array(std::move(versions))}, {"preferredVersion", preferred}});
}

Doc groups_doc(const std::vector<ServedVersion>& served) {
  std::vector<Doc> groups;
  for (std::size_t i = 0; i < served.size(); ++i)
    if (i == 0 || served[i].group != served[i - 1].group) groups.push_back(group_doc(served, served[i].group));
  return Doc::object({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", Doc::array(std::move(groups))}});
}

informer::AccessQuestion question_of(const apiserver::RequestInfo& info, const std::string& path) {
  informer::AccessQuestion question;
  question.is_resource = info.is_resource;
  question.verb = info.verb;
  question.path = path;
  question.group = info.group;
  question.version = info.version;
  question.resource = info.resource;
  question.subresource = info.subresource;
  question.namespace_ = info.namespace_;
  question.name = info.name;
  return question;
}

}  // namespace

ApiAnswer refuse(int code, std::string_view reason, const std::string& message) {
  return {code, Doc::object({{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Doc::object()}, {"status", "Failure"}, {"message", message}, {"reason", Doc(reason)}, {"code", code}})};
}
ApiAnswer not_found(const std::string& group_resource, const std::string& name) { return refuse(404, "NotFound", group_resource + " \"" + name + "\" not found"); }

struct ApiHost::Core : std::enable_shared_from_this<Core> {
  ApiHostOptions options;
  Serve serve;
  std::string ca_pem;
  std::unique_ptr<informer::DelegatedAccess> access;
  std::unique_ptr<net::Server> server;

  Result<net::KeyPair> make_identity(Clock& clock) {
    const WallTime begin = clock.wall() - 5min, end = clock.wall() + 24h * 365;
    const net::CertificateAuthority authority = PLUMB_TRY(net::make_authority(options.service + "-ca", begin, end));
    ca_pem = authority.certificate_pem;
    net::CertificateRequest request;
    request.common_name = options.service;
    const std::string name = options.service + "." + options.namespace_;
    request.dns_names = {"localhost", options.service, name, name + ".svc", name + ".svc.cluster.local"};
    request.for_server = true;
    request.not_before = begin;
    request.not_after = end;
    return net::issue_certificate(authority, request);
  }

  void handle(Request request, const ResponseWriter& response) {
    if (request.path == "/healthz" || request.path == "/livez") return send(response, 200, "ok", "text/plain; charset=utf-8");
    if (request.path == "/readyz") {
      const bool fine = !options.ready || options.ready();
      return send(response, fine ? 200 : 500, fine ? "ok" : "nothing was measured yet\n", "text/plain; charset=utf-8");
    }
    apiserver::Query query(request.query);
    auto info = apiserver::parse_path(request.method, request.path, query.flag("watch").value_or(false));
    if (!info) return send(response, refuse(400, "BadRequest", "the path of the request is malformed"));
    auto asked = std::make_shared<ApiRequest>(ApiRequest{std::move(*info), std::move(query), request.headers.get("accept").find("as=Table") != std::string_view::npos});
    access->check(request, question_of(asked->info, request.path), [weak = weak_from_this(), asked, path = request.path, response](Result<apiserver::UserPtr> user) {
      const auto self = weak.lock();
      if (!self) return;
      if (!user.ok()) return send(response, refuse(user.error().http_status, reason_of(user.error().http_status), user.error().message));
      self->answer(*asked, path, response);
    });
  }

  void answer(const ApiRequest& request, const std::string& path, const ResponseWriter& response) {
    const auto& info = request.info;
    if (path == "/metrics") return send(response, 200, metrics::text(), "text/plain; version=0.0.4; charset=utf-8");
    if (path == "/apis") return send(response, {200, groups_doc(options.served)});
    if (info.parts.size() == 2 && info.parts[0] == "apis" && group_doc(options.served, info.parts[1])["versions"].size() > 0)
      return send(response, {200, group_doc(options.served, info.parts[1])});
    for (const ServedVersion& each : options.served) {
      if (info.parts.size() < 3 || info.parts[0] != "apis" || info.parts[1] != each.group || info.parts[2] != each.version) continue;
      if (info.parts.size() == 3)
        return send(response, {200, Doc::object({{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", each.group + "/" + each.version}, {"resources", each.resources()}})});
      if (info.verb != "get" && info.verb != "list") return send(response, refuse(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"));
      return serve(request, [response](const ApiAnswer& made) { send(response, made); });
    }
    send(response, refuse(404, "NotFound", "the server could not find the requested resource"));
  }
};

Result<std::unique_ptr<ApiHost>> ApiHost::start(ApiHostOptions options, informer::Client& client, Clock& clock, Serve serve) {
  auto core = std::make_shared<Core>();
  core->options = std::move(options);
  core->serve = std::move(serve);
  const auto identity = PLUMB_TRY(core->make_identity(clock));
  informer::DelegatedAccess::Options trust{core->options.client_ca_pem, PLUMB_TRY(informer::read_proxy_trust(client))};
  core->access = std::make_unique<informer::DelegatedAccess>(client, clock, std::move(trust));
  net::ServerOptions serving;
  serving.address = core->options.bind_address;
  serving.port = core->options.port;
  serving.tls = net::TlsServerOptions{identity.certificate_pem, identity.key_pem, core->access->accepted_authorities()};
  serving.max_body_bytes = 64 << 10;
  serving.name = core->options.name;
  core->server = PLUMB_TRY(net::Server::start(std::move(serving), [weak = std::weak_ptr(core)](Request request, ResponseWriter response) {
    if (const auto self = weak.lock()) self->handle(std::move(request), response);
  }));
  return std::unique_ptr<ApiHost>(new ApiHost(std::move(core)));
}
ApiHost::~ApiHost() { core_->server->stop({}); }
std::uint16_t ApiHost::port() const { return core_->server->port(); }
const std::string& ApiHost::ca_pem() const { return core_->ca_pem; }

}  // namespace plumb::metrics_api
