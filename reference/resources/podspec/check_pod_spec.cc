#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

void check_names(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto subdomain = [&](std::string_view value, std::string_view field) {
    if (!value.empty()) check_text(api::check_dns1123_subdomain(value), path.child(field), value, errors);
  };
  const auto label = [&](std::string_view value, std::string_view field) {
    if (!value.empty()) check_text(api::check_dns1123_label(value), path.child(field), value, errors);
  };
  subdomain(spec.serviceAccountName, "serviceAccountName");
  subdomain(spec.nodeName, "nodeName");
  label(spec.hostname, "hostname");
  label(spec.subdomain, "subdomain");
  subdomain(spec.priorityClassName, "priorityClassName");
  if (spec.runtimeClassName) check_text(api::check_dns1123_subdomain(*spec.runtimeClassName), path.child("runtimeClassName"), *spec.runtimeClassName, errors);
  for (std::size_t i = 0; i < spec.imagePullSecrets.size(); ++i)
    check_required(spec.imagePullSecrets[i].name, path.child("imagePullSecrets").index(i).child("name"), errors);
  for (std::size_t i = 0; i < spec.readinessGates.size(); ++i) {
    const auto& type = spec.readinessGates[i].conditionType;
    check_text(api::check_qualified_name(type), path.child("readinessGates").index(i).child("conditionType"), type, errors);
  }
  for (std::size_t i = 0; i < spec.hostAliases.size(); ++i) {
    const auto& alias = spec.hostAliases[i];
    const FieldPath at = path.child("hostAliases").index(i);
    check_text(api::check_ip(alias.ip), at.child("ip"), alias.ip, errors);
    for (std::size_t j = 0; j < alias.hostnames.size(); ++j)
      check_text(api::check_dns1123_subdomain(alias.hostnames[j]), at.child("hostnames").index(j), alias.hostnames[j], errors);
  }
}

void check_dns(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  constexpr std::size_t most_servers = 3, most_searches = 32;
  const FieldPath at = path.child("dnsConfig");
  if (spec.dnsPolicy == "None" && !spec.dnsConfig) return errors.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
  if (!spec.dnsConfig) return;
  const auto& config = *spec.dnsConfig;
  if (spec.dnsPolicy == "None" && config.nameservers.empty())
    errors.required(at.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
  if (config.nameservers.size() > most_servers)
    errors.invalid(at.child("nameservers"), "[]", "must not have more than " + std::to_string(most_servers) + " nameservers");
  for (std::size_t i = 0; i < config.nameservers.size(); ++i)
    check_text(api::check_ip(config.nameservers[i]), at.child("nameservers").index(i), config.nameservers[i], errors);
  if (config.searches.size() > most_searches)
    errors.invalid(at.child("searches"), "[]", "must not have more than " + std::to_string(most_searches) + " search paths");
  for (std::size_t i = 0; i < config.options.size(); ++i)
    if (config.options[i].name.empty()) errors.required(at.child("options").index(i), "must not be empty");
}

}  // namespace

void check_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  check_volumes(spec, path, errors);
  check_containers(spec, path, errors);
  check_security(spec, path.child("securityContext"), errors);
  check_dns(spec, path, errors);
  check_names(spec, path, errors);
  if (const auto& deadline = spec.activeDeadlineSeconds)
    check_number(api::check_in_range(*deadline, 1, INT32_MAX), path.child("activeDeadlineSeconds"), *deadline, errors);
  if (const auto& grace = spec.terminationGracePeriodSeconds) check_nonnegative(*grace, path.child("terminationGracePeriodSeconds"), errors);
  check_scheduling(spec, path, errors);
  if (!spec.overhead.empty()) {
    corev1::ResourceRequirements overhead;
    overhead.limits = spec.overhead;
    check_resources(overhead, path.child("overhead"), errors);
  }
}

void check_pod_template(const corev1::PodTemplateSpec& pod_template, const FieldPath& path, FieldErrors& errors) {
  check_labels(pod_template.metadata.labels, path.child("labels"), errors);
  check_annotations(pod_template.metadata.annotations, path.child("annotations"), errors);
  check_pod_spec(pod_template.spec, path.child("spec"), errors);
  if (!pod_template.spec.ephemeralContainers.empty())
    errors.forbidden(path.child("spec").child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
}

void check_running_template(const corev1::PodTemplateSpec& pod_template, const api::Box<metav1::LabelSelector>& selector,
                            std::string_view kind, const FieldPath& path, FieldErrors& errors) {
  if (selector && !is_empty(*selector) && !matches(to_selector(selector), pod_template.metadata.labels))
    errors.invalid(path.child("metadata").child("labels"), go_text(pod_template.metadata.labels), "`selector` does not match template `labels`");
  check_pod_template(pod_template, path, errors);
  if (pod_template.spec.restartPolicy != "Always")
    errors.not_supported(path.child("spec").child("restartPolicy"), quoted(pod_template.spec.restartPolicy), {"Always"});
  if (pod_template.spec.activeDeadlineSeconds)
    errors.forbidden(path.child("spec").child("activeDeadlineSeconds"), "activeDeadlineSeconds in " + std::string(kind) + " is not Supported");
}

void check_controller_selector(const api::Box<metav1::LabelSelector>& selector, std::string_view kind, const FieldPath& path, FieldErrors& errors) {
  if (!selector) return errors.required(path);
  check_label_selector(*selector, path, errors);
  if (is_empty(*selector)) errors.invalid(path, go_text(*selector), "empty selector is invalid for " + std::string(kind));
}

}  // namespace plumb::resources
