#include <set>
#include <string>

#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

bool is_restartable(const corev1::Container& container) { return container.restartPolicy && *container.restartPolicy == "Always"; }

void check_ports(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < container.ports.size(); ++i) {
    const auto& port = container.ports[i];
    const FieldPath at = path.index(i);
    if (!port.name.empty()) {
      const auto problems = api::check_port_name(port.name);
      check_text(problems, at.child("name"), port.name, errors);
      if (problems.empty() && !names.insert(port.name).second) errors.duplicate(at.child("name"), quoted(port.name));
    }
    if (!port.containerPort)
      errors.required(at.child("containerPort"));
    else
      check_number(api::check_port_number(port.containerPort), at.child("containerPort"), port.containerPort, errors);
    if (port.hostPort) check_number(api::check_port_number(port.hostPort), at.child("hostPort"), port.hostPort, errors);
    if (!port.hostIP.empty()) check_text(api::check_ip(port.hostIP), at.child("hostIP"), port.hostIP, errors);
  }
}

void check_config_source(const corev1::EnvVarSource& from, const FieldPath& path, FieldErrors& errors) {
  const auto check_key = [&](const auto& source, const FieldPath& at) {
    check_required(source.localObjectReference.name, at.child("name"), errors);
    if (source.key.empty())
      errors.required(at.child("key"));
    else
      check_text(api::check_config_map_key(source.key), at.child("key"), source.key, errors);
  };
  if (from.configMapKeyRef) check_key(*from.configMapKeyRef, path.child("configMapKeyRef"));
  if (from.secretKeyRef) check_key(*from.secretKeyRef, path.child("secretKeyRef"));
}

void check_value_from(const corev1::EnvVar& variable, const FieldPath& path, FieldErrors& errors) {
  if (!variable.valueFrom) return;
  const auto& from = *variable.valueFrom;
  if (from.fieldRef) check_downward_field(*from.fieldRef, true, path.child("fieldRef"), errors);
  if (from.resourceFieldRef) check_downward_resource(*from.resourceFieldRef, false, path.child("resourceFieldRef"), errors);
  check_config_source(from, path, errors);
  const int sources = from.fieldRef.has_value() + from.resourceFieldRef.has_value() + from.configMapKeyRef.has_value() +
                      from.secretKeyRef.has_value() + from.fileKeyRef.has_value();
  if (sources == 0)
    errors.invalid(path, "\"\"", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  else if (!variable.value.empty())
    errors.invalid(path, "\"\"", "may not be specified when `value` is not empty");
  else if (sources > 1)
    errors.invalid(path, "\"\"", "may not have more than one field specified at a time");
}

void check_environment(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < container.env.size(); ++i) {
    const FieldPath at = path.child("env").index(i);
    const auto& variable = container.env[i];
    if (variable.name.empty())
      errors.required(at.child("name"));
    else
      check_text(api::check_env_var_name(variable.name), at.child("name"), variable.name, errors);
    check_value_from(variable, at.child("valueFrom"), errors);
  }
  for (std::size_t i = 0; i < container.envFrom.size(); ++i) {
    const FieldPath at = path.child("envFrom").index(i);
    const auto& from = container.envFrom[i];
    if (!from.prefix.empty()) check_text(api::check_env_var_name(from.prefix), at.child("prefix"), from.prefix, errors);
    if (from.configMapRef) check_required(from.configMapRef->localObjectReference.name, at.child("configMapRef").child("name"), errors);
    if (from.secretRef) check_required(from.secretRef->localObjectReference.name, at.child("secretRef").child("name"), errors);
    if (!from.configMapRef && !from.secretRef) errors.invalid(at, "\"\"", "must specify one of: `configMapRef` or `secretRef`");
    if (from.configMapRef && from.secretRef) errors.invalid(at, "\"\"", "may not have more than one field specified at a time");
  }
}

void check_http(const corev1::HTTPGetAction& action, const FieldPath& path, FieldErrors& errors) {
  check_required(action.path, path.child("path"), errors);
  check_port_number_or_name(action.port, path.child("port"), errors);
  for (const auto& header : action.httpHeaders)
    check_text(api::check_http_header_name(header.name), path.child("httpHeaders"), header.name, errors);
}

// The handlers that probes and hooks share. Answers how many there are; those beyond the first are refused.
template <class Handler>
int check_handler(const Handler& handler, const FieldPath& path, FieldErrors& errors) {
  int count = 0;
  const auto first = [&](std::string_view name) {
    if (count++ == 0) return true;
    errors.forbidden(path.child(name), "may not specify more than 1 handler type");
    return false;
  };
  if (handler.exec && first("exec") && handler.exec->command.empty()) errors.required(path.child("exec").child("command"));
  if (handler.httpGet && first("httpGet")) check_http(*handler.httpGet, path.child("httpGet"), errors);
  if (handler.tcpSocket && first("tcpSocket")) check_port_number_or_name(handler.tcpSocket->port, path.child("tcpSocket").child("port"), errors);
  return count;
}

void check_probe(const api::Box<corev1::Probe>& probe, bool succeeds_at_once, const FieldPath& path, FieldErrors& errors) {
  if (!probe) return;
  int handlers = check_handler(probe->probeHandler, path, errors);
  if (const auto& grpc = probe->probeHandler.grpc) {
    if (handlers++)
      errors.forbidden(path.child("grpc"), "may not specify more than 1 handler type");
    else
      check_number(api::check_port_number(grpc->port), path.child("grpc").child("port"), grpc->port, errors);
  }
  if (!handlers) errors.required(path, "must specify a handler type");
  check_nonnegative(probe->initialDelaySeconds, path.child("initialDelaySeconds"), errors);
  check_nonnegative(probe->timeoutSeconds, path.child("timeoutSeconds"), errors);
  check_nonnegative(probe->periodSeconds, path.child("periodSeconds"), errors);
  check_nonnegative(probe->successThreshold, path.child("successThreshold"), errors);
  check_nonnegative(probe->failureThreshold, path.child("failureThreshold"), errors);
  if (const auto& grace = probe->terminationGracePeriodSeconds; grace && *grace <= 0)
    errors.invalid(path.child("terminationGracePeriodSeconds"), std::to_string(*grace), "must be greater than 0");
  if (succeeds_at_once && probe->successThreshold != 1)
    errors.invalid(path.child("successThreshold"), std::to_string(probe->successThreshold), "must be 1");
}

void check_hook(const api::Box<corev1::LifecycleHandler>& hook, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (!hook) return;
  int handlers = check_handler(*hook, path, errors);
  if (const auto& sleep = hook->sleep) {
    const std::int64_t grace = spec.terminationGracePeriodSeconds.value_or(30);
    if (handlers++)
      errors.forbidden(path.child("sleep"), "may not specify more than 1 handler type");
    else if (sleep->seconds < 0 || sleep->seconds > grace)
      errors.invalid(path.child("sleep"), std::to_string(sleep->seconds),
                     "must be non-negative and less than terminationGracePeriodSeconds (" + std::to_string(grace) + ")");
  }
  if (!handlers) errors.required(path, "must specify a handler type");
}

void check_sub_path(std::string_view value, const FieldPath& path, FieldErrors& errors) {
  if (value.starts_with('/')) errors.invalid(path, quoted(value), "must be a relative path");
  const std::string parts = "/" + std::string(value) + "/";
  if (parts.find("/../") != std::string::npos) errors.invalid(path, quoted(value), "must not contain '..'");
}

void check_mounts(const corev1::Container& container, const std::set<std::string_view>& volumes, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> mounted;
  for (std::size_t i = 0; i < container.volumeMounts.size(); ++i) {
    const auto& mount = container.volumeMounts[i];
    const FieldPath at = path.child("volumeMounts").index(i);
    check_required(mount.name, at.child("name"), errors);
    if (!volumes.contains(mount.name)) errors.not_found(at.child("name"), quoted(mount.name));
    check_required(mount.mountPath, at.child("mountPath"), errors);
    if (!mounted.insert(mount.mountPath).second) errors.invalid(at.child("mountPath"), quoted(mount.mountPath), "must be unique");
    if (!mount.subPath.empty()) check_sub_path(mount.subPath, path.child("volumeMounts").child("subPath"), errors);
    if (mount.subPathExpr.empty()) continue;
    if (!mount.subPath.empty())
      errors.invalid(at.child("subPathExpr"), quoted(mount.subPathExpr), "subPathExpr and subPath are mutually exclusive");
    check_sub_path(mount.subPathExpr, path.child("volumeMounts").child("subPathExpr"), errors);
  }
  for (std::size_t i = 0; i < container.volumeDevices.size(); ++i) {
    const auto& device = container.volumeDevices[i];
    const FieldPath at = path.child("volumeDevices").index(i);
    check_required(device.name, at.child("name"), errors);
    check_required(device.devicePath, at.child("devicePath"), errors);
    if (!volumes.contains(device.name)) errors.not_found(at.child("name"), quoted(device.name));
  }
}

bool has_space_around(std::string_view text) {
  const std::string_view space = " \t\n\v\f\r";
  return !text.empty() && (space.find(text.front()) != std::string_view::npos || space.find(text.back()) != std::string_view::npos);
}

void check_common(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (container.name.empty())
    errors.required(path.child("name"));
  else
    check_text(api::check_dns1123_label(container.name), path.child("name"), container.name, errors);
  check_required(container.image, path.child("image"), errors);
  if (has_space_around(container.image))
    errors.invalid(path.child("image"), quoted(container.image), "must not have leading or trailing whitespace");
  std::set<std::string_view> volumes;
  for (const auto& volume : spec.volumes) volumes.insert(volume.name);
  check_ports(container, path.child("ports"), errors);
  check_environment(container, path, errors);
  check_mounts(container, volumes, path, errors);
  check_resources(container.resources, path.child("resources"), errors);
  if (container.securityContext) check_container_security(*container.securityContext, path.child("securityContext"), errors);
}

void check_lifecycle(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (container.lifecycle) {
    check_hook(container.lifecycle->postStart, spec, path.child("lifecycle").child("postStart"), errors);
    check_hook(container.lifecycle->preStop, spec, path.child("lifecycle").child("preStop"), errors);
  }
  check_probe(container.livenessProbe, true, path.child("livenessProbe"), errors);
  check_probe(container.readinessProbe, false, path.child("readinessProbe"), errors);
  check_probe(container.startupProbe, true, path.child("startupProbe"), errors);
}

// Init containers run to their end, so they have no probes and hooks, but for those that keep running.
void check_no_lifecycle(const corev1::Container& container, const FieldPath& path, FieldErrors& errors) {
  constexpr std::string_view why = "may not be set for init containers without restartPolicy=Always";
  if (container.lifecycle) errors.forbidden(path.child("lifecycle"), why);
  if (container.livenessProbe) errors.forbidden(path.child("livenessProbe"), why);
  if (container.readinessProbe) errors.forbidden(path.child("readinessProbe"), why);
  if (container.startupProbe) errors.forbidden(path.child("startupProbe"), why);
}

void check_host_ports(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string> taken;
  for (std::size_t i = 0; i < spec.containers.size(); ++i) {
    const auto& ports = spec.containers[i].ports;
    for (std::size_t j = 0; j < ports.size(); ++j) {
      const FieldPath at = path.child("containers").index(i).child("ports").index(j);
      if (spec.hostNetwork && ports[j].hostPort != ports[j].containerPort)
        errors.invalid(at.child("containerPort"), std::to_string(ports[j].containerPort), "must match `hostPort` when `hostNetwork` is true");
      if (!ports[j].hostPort) continue;
      const std::string key = ports[j].protocol.str() + "/" + ports[j].hostIP.str() + "/" + std::to_string(ports[j].hostPort);
      if (!taken.insert(key).second) errors.duplicate(at.child("hostPort"), quoted(key));
    }
  }
}

}  // namespace

void check_containers(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  if (spec.containers.empty()) errors.required(path.child("containers"));
  for (std::size_t i = 0; i < spec.containers.size(); ++i) {
    const auto& container = spec.containers[i];
    const FieldPath at = path.child("containers").index(i);
    check_common(container, spec, at, errors);
    if (!names.insert(container.name).second) errors.duplicate(at.child("name"), quoted(container.name));
    check_lifecycle(container, spec, at, errors);
  }
  check_host_ports(spec, path, errors);
  for (std::size_t i = 0; i < spec.initContainers.size(); ++i) {
    const auto& container = spec.initContainers[i];
    const FieldPath at = path.child("initContainers").index(i);
    check_common(container, spec, at, errors);
    if (!names.insert(container.name).second) errors.duplicate(at.child("name"), quoted(container.name));
    if (is_restartable(container))
      check_lifecycle(container, spec, at, errors);
    else
      check_no_lifecycle(container, at, errors);
  }
}

}  // namespace plumb::resources
