#include "reference/resources/ingresses/ingress_rules.h"

#include <algorithm>
#include <cctype>

#include "reference/api/text/ip.h"
#include "reference/api/text/names.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

using namespace networkingv1;

constexpr std::string_view class_annotation = "kubernetes.io/ingress.class";
constexpr std::size_t longest_controller = 250;

void check_named(std::string_view value, const FieldPath& path, FieldErrors& errors) {
  value.empty() ? errors.required(path) : check_text(api::check_path_segment_name(value), path, value, errors);
}

// What a reference of either kind says: group, kind and name.
template <class Reference>
void check_reference(const Reference& reference, const FieldPath& path, FieldErrors& errors) {
  if (reference.apiGroup) check_text(api::check_dns1123_subdomain(*reference.apiGroup), path.child("apiGroup"), *reference.apiGroup, errors);
  check_named(reference.kind, path.child("kind"), errors);
  check_named(reference.name, path.child("name"), errors);
}

void check_service_backend(const IngressServiceBackend& service, const FieldPath& path, FieldErrors& errors) {
  const FieldPath name = path.child("service").child("name"), port = path.child("service").child("port");
  service.name.empty() ? errors.required(name) : check_text(api::check_dns1123_label(service.name), name, service.name, errors);
  const bool named = !service.port.name.empty(), numbered = service.port.number != 0;
  if (named && numbered) return errors.invalid(path, quoted(""), "cannot set both port name & port number");
  if (named) return check_text(api::check_port_name(service.port.name), port.child("name"), service.port.name, errors);
  if (numbered) return check_number(api::check_port_number(service.port.number), port.child("number"), service.port.number, errors);
  errors.required(path, "port name or number is required");
}

void check_backend(const IngressBackend& backend, const FieldPath& path, FieldErrors& errors) {
  if (backend.resource && backend.service) return errors.invalid(path, quoted(""), "cannot set both resource and service backends");
  if (backend.resource) return check_reference(*backend.resource, path.child("resource"), errors);
  if (backend.service) return check_service_backend(*backend.service, path, errors);
  errors.invalid(path, quoted(""), "resource or service backend is required");
}

void check_plain_path(std::string_view text, const FieldPath& path, FieldErrors& errors) {
  for (const std::string_view sequence : {"//", "/./", "/../", "%2f", "%2F"})
    if (text.find(sequence) != text.npos) errors.invalid(path, quoted(text), "must not contain '" + std::string(sequence) + "'");
  for (const std::string_view suffix : {"/..", "/."})
    if (text.ends_with(suffix)) errors.invalid(path, quoted(text), "cannot end with '" + std::string(suffix) + "'");
}

void check_http_path(const HTTPIngressPath& each, const FieldPath& path, FieldErrors& errors) {
  if (!each.pathType) return errors.required(path.child("pathType"), "pathType must be specified");
  const std::string_view text = each.path.view(), type = each.pathType->view();
  const bool matched = type == "Exact" || type == "Prefix";
  if (!matched && type != "ImplementationSpecific") {
    errors.not_supported(path.child("pathType"), quoted(type), {"Exact", "ImplementationSpecific", "Prefix"});
  } else {
    if (!text.starts_with('/') && (matched || !text.empty())) errors.invalid(path.child("path"), quoted(text), "must be an absolute path");
    if (matched) check_plain_path(text, path.child("path"), errors);
  }
  check_backend(each.backend, path.child("backend"), errors);
}

bool is_wildcard(std::string_view host) { return host.find('*') != host.npos; }

void check_host(std::string_view host, const FieldPath& path, FieldErrors& errors) {
  check_text(is_wildcard(host) ? api::check_wildcard_dns1123_subdomain(host) : api::check_dns1123_subdomain(host), path, host, errors);
}

void check_rule_value(const IngressRule& rule, const FieldPath& path, FieldErrors& errors) {
  if (!rule.ingressRuleValue.http) return;
  const FieldPath paths = path.child("http").child("paths");
  const auto& list = rule.ingressRuleValue.http->paths;
  if (list.empty()) errors.required(paths);
  for (std::size_t i = 0; i < list.size(); ++i) check_http_path(list[i], paths.index(i), errors);
}

// Such rules were not looked at once.
bool has_bad_wildcard_rule(const Ingress& ingress) {
  FieldErrors errors;
  for (const IngressRule& rule : ingress.spec.rules)
    if (is_wildcard(rule.host)) check_rule_value(rule, FieldPath(), errors);
  return !errors.empty();
}

bool has_bad_secret(const Ingress& ingress) {
  return std::any_of(ingress.spec.tls.begin(), ingress.spec.tls.end(),
                     [](const IngressTLS& tls) { return !tls.secretName.empty() && !api::check_dns1123_subdomain(tls.secretName).empty(); });
}

void check_rules(const Ingress& ingress, bool skip_wildcards, FieldErrors& errors) {
  for (std::size_t i = 0; i < ingress.spec.rules.size(); ++i) {
    const IngressRule& rule = ingress.spec.rules[i];
    const FieldPath path = spec_path.child("rules").index(i);
    if (!rule.host.empty()) {
      if (api::Ip::parse(rule.host)) errors.invalid(path.child("host"), quoted(rule.host), "must be a DNS name, not an IP address");
      check_host(rule.host, path.child("host"), errors);
    }
    if (!is_wildcard(rule.host) || !skip_wildcards) check_rule_value(rule, path, errors);
  }
}

void check_tls(const Ingress& ingress, bool any_secret, FieldErrors& errors) {
  for (std::size_t i = 0; i < ingress.spec.tls.size(); ++i) {
    const IngressTLS& tls = ingress.spec.tls[i];
    const FieldPath path = spec_path.child("tls").index(i);
    for (std::size_t j = 0; j < tls.hosts.size(); ++j) check_host(tls.hosts[j], path.child("hosts").index(j), errors);
    if (!any_secret && !tls.secretName.empty()) check_text(api::check_dns1123_subdomain(tls.secretName), path.child("secretName"), tls.secretName, errors);
  }
}

// "example.com/name": a domain, and a path.
void check_controller(std::string_view controller, const FieldPath& path, FieldErrors& errors) {
  if (controller.size() > longest_controller) errors.too_long(path, longest_controller);
  if (controller.empty()) return errors.required(path);
  const auto slash = controller.find('/');
  if (slash == controller.npos || slash == 0 || slash + 1 == controller.size())
    return errors.invalid(path, quoted(controller), "must be a domain-prefixed path (such as \"acme.io/foo\")");
  for (const std::string& problem : api::check_dns1123_subdomain(controller.substr(0, slash))) errors.invalid(path, quoted(controller.substr(0, slash)), problem);
  const std::string_view rest = controller.substr(slash + 1);
  constexpr std::string_view allowed = "/%:@&=+$,;!'()*-_.~";
  const bool plain = std::all_of(rest.begin(), rest.end(), [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) || allowed.find(c) != allowed.npos; });
  if (!plain) errors.invalid(path, quoted(rest), "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
}

void check_scope(const IngressClassParametersReference& parameters, const FieldPath& path, FieldErrors& errors) {
  const FieldPath home = path.child("namespace");
  if (!parameters.scope) return errors.required(path.child("scope"));
  if (*parameters.scope == "Namespace") {
    if (!parameters.namespace_) return errors.required(home, "`parameters.scope` is set to 'Namespace'");
    return check_text(api::check_dns1123_label(*parameters.namespace_), home, *parameters.namespace_, errors);
  }
  if (*parameters.scope != "Cluster") return errors.not_supported(path.child("scope"), quoted(*parameters.scope), {"Cluster", "Namespace"});
  if (parameters.namespace_) errors.forbidden(home, "`parameters.scope` is set to 'Cluster'");
}

}  // namespace

void check_ingress(const Ingress& ingress, const Ingress* previous, FieldErrors& errors) {
  const IngressSpec& spec = ingress.spec;
  if (spec.rules.empty() && !spec.defaultBackend) errors.invalid(spec_path, "[]", "either `defaultBackend` or `rules` must be specified");
  if (spec.defaultBackend) check_backend(*spec.defaultBackend, spec_path.child("defaultBackend"), errors);
  check_rules(ingress, previous && has_bad_wildcard_rule(*previous), errors);
  check_tls(ingress, previous && has_bad_secret(*previous), errors);
  if (!spec.ingressClassName) return;
  check_text(api::check_dns1123_subdomain(*spec.ingressClassName), spec_path.child("ingressClassName"), *spec.ingressClassName, errors);
  const api::Str* annotation = ingress.metadata.annotations.find(class_annotation);
  if (!previous && annotation && *annotation != *spec.ingressClassName)
    errors.invalid(FieldPath("annotations").child(class_annotation), quoted(*annotation), "must match `ingressClassName` when both are specified");
}

void check_ingress_status(const IngressStatus& status, const IngressStatus& previous, FieldErrors& errors) {
  const auto& before = previous.loadBalancer.ingress;
  for (std::size_t i = 0; i < status.loadBalancer.ingress.size(); ++i) {
    const IngressLoadBalancerIngress& each = status.loadBalancer.ingress[i];
    const FieldPath path = FieldPath("status.loadBalancer.ingress").index(i);
    const bool known = std::any_of(before.begin(), before.end(), [&](const auto& other) { return other.ip == each.ip; });
    if (!each.ip.empty() && !known) check_text(api::check_ip(each.ip), path.child("ip"), each.ip, errors);
    if (each.hostname.empty()) continue;
    check_text(api::check_dns1123_subdomain(each.hostname), path.child("hostname"), each.hostname, errors);
    if (api::Ip::parse(each.hostname)) errors.invalid(path.child("hostname"), quoted(each.hostname), "must be a DNS name, not an IP address");
  }
}

void check_ingress_class(const IngressClass& ingress_class, FieldErrors& errors) {
  check_controller(ingress_class.spec.controller, spec_path.child("controller"), errors);
  const auto& parameters = ingress_class.spec.parameters;
  if (!parameters) return;
  check_reference(*parameters, spec_path.child("parameters"), errors);
  check_scope(*parameters, spec_path.child("parameters"), errors);
}

}  // namespace plumb::resources
