#include "reference/apiserver/http/handler.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/apiserver/http/request_metrics.h"
#include "reference/api/text/field_selector.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view websocket_token = "base64url.bearer.authorization.k8s.io.";

// The token of the request; empty when it carries none.
std::string bearer_token(const net::Headers& headers) {
  const std::string_view authorization = trim(headers.get("authorization"));
  if (authorization.size() > 7 && net::same_name(authorization.substr(0, 7), "bearer ")) return std::string(trim(authorization.substr(7)));
  for (const std::string_view protocol : split(headers.get("sec-websocket-protocol"), ','))
    if (trim(protocol).starts_with(websocket_token))
      return base64url_decode(trim(protocol).substr(websocket_token.size())).value_or(std::string());
  return {};
}

UserPtr anonymous() {
  static const UserPtr user = [] {
    User made;
    made.name = anonymous_user;
    made.groups = {std::string(all_unauthenticated_group)};
    return std::make_shared<const User>(std::move(made));
  }();
  return user;
}

UserPtr authenticated(UserPtr user) {
  if (user->in_group(all_authenticated_group) || user->name == anonymous_user) return user;
  User complete = *user;
  complete.groups.emplace_back(all_authenticated_group);
  return std::make_shared<const User>(std::move(complete));
}

std::string refusal(const User& user, const RequestInfo& info, std::string_view path, const std::string& reason) {
  std::string text = "User \"" + user.name + "\" cannot " + info.verb;
  if (info.is_resource) {
    text += " resource \"" + info.resource + (info.subresource.empty() ? "" : "/" + info.subresource) + "\" in API group \"" + info.group + "\"";
    text += info.namespace_.empty() ? " at the cluster scope" : " in the namespace \"" + info.namespace_ + "\"";
  } else {
    text += " path \"" + std::string(path) + "\"";
  }
  return reason.empty() ? text : text + ": " + reason;
}

// A list or watch that selects one object by its name is authorized as about that object, as upstream does.
RequestInfo asked_about(Call& call) {
  RequestInfo info = call.info();
  if (!info.name.empty() || (info.verb != "list" && info.verb != "watch")) return info;
  const auto selector = api::FieldSelector::parse(call.query().get("fieldSelector"));
  if (selector.ok())
    if (const auto name = selector->exact("metadata.name")) info.name = *name;
  return info;
}

}  // namespace

Handler::Handler(Options options) : options_(std::move(options)) {}

void Handler::serve(net::Request request, net::ResponseWriter writer, UserPtr known) {
  const auto call = std::make_shared<Call>(std::move(request), std::move(writer), options_.registry->clock());
  const auto accepted = negotiate(call->request().headers.get("accept"));
  if (accepted) call->accepted() = *accepted;
  auto info = parse_path(call->request().method, call->request().path, call->query().flag("watch").value_or(false));
  if (!info) return call->send_status(status::bad_request("the path of the request is malformed"));
  call->info() = std::move(*info);
  const Route* route = call->info().is_resource ? nullptr : find_route(call->request().path);
  if (!admit(call, route)) return;

  auto user = known ? ApiResult<UserPtr>(authenticated(std::move(known))) : identify(call->request());
  if (!user.ok()) return call->send_status(user.status());
  call->context().user = std::move(*user);
  call->context().user_agent = call->request().headers.get("user-agent");
  if (auto refused = authorize(*call->context().user, asked_about(*call), call->request().path)) return call->send_status(*refused);
  if (options_.delegate && options_.delegate->take(call)) return;
  if (!accepted && !(route && (route->any_accept || route->even_if_busy)) && !is_stream(call->info().subresource)) return call->send_status(status::not_acceptable(offered_types()));
  if (route) return route->serve(call);
  dispatch(call);
}

ApiResult<UserPtr> Handler::identify(const net::Request& request) const {
  auto user = authenticate(request);
  return user.ok() ? impersonate(request, std::move(*user)) : user;
}

ApiResult<UserPtr> Handler::authenticate(const net::Request& request) const {
  const std::string token = bearer_token(request.headers);
  const Credentials credentials{request.peer.get(), token};
  bool failed = request.peer && !request.peer->certificate_error.empty();
  for (Authenticator* authenticator : options_.authenticators) {
    auto user = authenticator->authenticate(credentials);
    if (user.ok() && *user) return authenticated(std::move(*user));
    failed = failed || !user.ok();
  }
  if (failed || !token.empty() || !options_.anonymous) return status::unauthorized();
  return anonymous();
}

ApiResult<UserPtr> Handler::impersonate(const net::Request& request, UserPtr user) const {
  const std::string_view wanted = request.headers.get("impersonate-user");
  User other;
  other.name = wanted;
  for (const auto& [name, value] : request.headers) {
    if (net::same_name(name, "impersonate-group")) other.groups.push_back(value);
    if (net::same_name(name, "impersonate-uid")) other.uid = value;
  }
  if (wanted.empty()) {
    if (!other.groups.empty() || !other.uid.empty())
      return status::internal("requested impersonation without impersonating a user");
    return user;
  }
  const auto may = [&](std::string_view resource, std::string_view name) -> std::optional<metav1::Status> {
    RequestInfo info;
    info.is_resource = true;
    info.verb = "impersonate";
    info.version = "v1";
    info.resource = resource;
    info.name = name;
    if (info.resource == "uids") info.group = "authentication.k8s.io";
    return authorize(*user, info, {});
  };
  constexpr std::string_view account = "system:serviceaccount:";
  if (wanted.starts_with(account)) {
    const auto parts = split(wanted.substr(account.size()), ':');
    if (auto refused = may("serviceaccounts", parts.back())) return std::move(*refused);
    if (other.groups.empty() && parts.size() == 2)
      other.groups = {"system:serviceaccounts", "system:serviceaccounts:" + std::string(parts[0])};
  } else if (auto refused = may("users", wanted)) {
    return std::move(*refused);
  }
  for (const std::string& group : other.groups)
    if (auto refused = may("groups", group); refused && !wanted.starts_with(account)) return std::move(*refused);
  if (!other.uid.empty())
    if (auto refused = may("uids", other.uid)) return std::move(*refused);
  return authenticated(std::make_shared<const User>(std::move(other)));
}

Verdict Handler::judge(const Attributes& attributes) const {
  Verdict last;
  for (Authorizer* authorizer : options_.authorizers) {
    Verdict verdict = authorizer->authorize(attributes);
    if (verdict.decision != Decision::no_opinion) return verdict;
    if (!verdict.reason.empty()) last.reason += (last.reason.empty() ? "" : ", ") + verdict.reason;
  }
  return last;
}

std::optional<metav1::Status> Handler::authorize(const User& user, const RequestInfo& info, std::string_view path) const {
  Attributes attributes;
  attributes.user = &user;
  attributes.verb = info.verb;
  attributes.is_resource = info.is_resource;
  attributes.group = info.group;
  attributes.version = info.version;
  attributes.resource = info.resource;
  attributes.subresource = info.subresource;
  attributes.namespace_ = info.namespace_;
  attributes.name = info.name;
  attributes.path = path;
  const Verdict verdict = judge(attributes);
  if (verdict.decision == Decision::allow) return std::nullopt;
  const std::string why = refusal(user, info, path, verdict.reason);
  return info.is_resource ? status::forbidden({info.group, info.resource}, info.name, why) : status::forbidden({}, {}, why);
}

const Route* Handler::find_route(std::string_view path) const {
  const Route* best = nullptr;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (const Route& route : options_.routes) {
    const bool below = route.path.ends_with('/') && route.path.size() > 1 && path.starts_with(route.path);
    if ((route.path == path || below) && (!best || best->path.size() < route.path.size())) best = &route;
  }
  return best;
}

bool Handler::admit(const CallPtr& call, const Route* route) {
  const RequestInfo& info = call->info();
  const bool mutating = info.verb != "get" && info.verb != "list" && info.verb != "watch" && info.is_resource;
  const bool streams = info.verb == "watch" || is_stream(info.subresource);
  if (!streams && !(route && route->even_if_busy) && in_flight_.load(std::memory_order_relaxed) >= options_.max_in_flight) {
    call->add_header("retry-after", "1");
    call->send_status(status::too_many_requests("too many requests, please try again later.", 0));
    return false;
  }
  if (!streams) in_flight_.fetch_add(1, std::memory_order_relaxed);
  request_began(info, mutating, streams);
  call->on_finished([this, mutating, streams](Call& finished) {
    if (!streams) in_flight_.fetch_sub(1, std::memory_order_relaxed);
    request_finished(finished, mutating, streams);
  });
  return true;
}

void Handler::dispatch(const CallPtr& call) {
  const RequestInfo& info = call->info();
  if (!info.is_resource) return call->send_status(status::path_not_found());
  const Resource* resource = resources::find(info.group, info.version, info.resource);
  if (!resource) return call->send_status(status::path_not_found());
  if (resource->names().namespaced ? false : !info.namespace_.empty() && resource->names().plural != "namespaces")
    return call->send_status(status::path_not_found());
  serve_resource(*options_.registry, options_.connector, call, *resource);
}

}  // namespace plumb::apiserver
