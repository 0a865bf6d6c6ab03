#include "reference/kubelet/environment.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/api/text/names.h"

namespace plumb::kubelet {
namespace {

// The key in labels['key']; nullopt for a path of another form.
std::optional<std::string_view> subscript(std::string_view path, std::string_view field) {
  if (!path.starts_with(field) || !path.ends_with("']")) return std::nullopt;
  path.remove_prefix(field.size());
  if (!path.starts_with("['")) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

void put(Variables& variables, std::string name, std::string value) {
  const auto found = std::find_if(variables.begin(), variables.end(), [&](const auto& entry) { return entry.first == name; });
  if (found != variables.end()) found->second = std::move(value);
  else variables.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string> key_of(const corev1::ConfigMap& map, std::string_view key) {
  if (const auto* text = map.data.find(key)) return text->str();
  if (const auto* bytes = map.binaryData.find(key)) return bytes->data.str();
  return std::nullopt;
}
std::optional<std::string> key_of(const corev1::Secret& secret, std::string_view key) {
  if (const auto* bytes = secret.data.find(key)) return bytes->data.str();
  return std::nullopt;
}

template <class Object>
Result<std::optional<std::string>> key_value(Result<std::shared_ptr<const Object>> got, const char* kind, std::string_view namespace_, const auto& reference) {
  const auto object = PLUMB_TRY(std::move(got));
  const std::string name = reference.localObjectReference.name.str(), key = reference.key.str();
  const bool optional = reference.optional.value_or(false);
  if (!object) {
    if (optional) return std::optional<std::string>();
    return fail(Code::not_found, std::string(kind) + " \"" + name + "\" not found");
  }
  auto value = key_of(*object, key);
  if (value || optional) return value;
  return fail(Code::not_found, "couldn't find key " + key + " in " + (kind[0] == 's' ? "Secret " : "ConfigMap ") + std::string(namespace_) + "/" + name);
}

template <class Object>
Status add_all(Variables& variables, Result<std::shared_ptr<const Object>> got, const char* kind, const auto& reference, const api::Str& prefix) {
  const auto object = PLUMB_TRY(std::move(got));
  if (!object) {
    if (reference.optional.value_or(false)) return {};
    return fail(Code::not_found, std::string(kind) + " \"" + reference.localObjectReference.name.str() + "\" not found");
  }
  for (const auto& entry : object->data) {
    const std::string name = prefix.str() + entry.key.str();
    if (!api::check_env_var_name(name).empty()) continue;
    if constexpr (std::is_same_v<Object, corev1::Secret>)
      put(variables, name, entry.value.data.str());
    else
      put(variables, name, entry.value.str());
  }
  return {};
}

Result<std::optional<std::string>> referenced(const FieldContext& context, const corev1::EnvVarSource& from, const corev1::Container& container,
                                              ReferencedObjects& objects) {
  const std::string_view namespace_ = context.pod.metadata.namespace_;
  if (from.fieldRef) return std::optional(PLUMB_TRY(field_value(context, from.fieldRef->fieldPath)));
  if (from.resourceFieldRef) return std::optional(PLUMB_TRY(resource_value(context, *from.resourceFieldRef, &container)));
  if (from.configMapKeyRef) {
    const auto& reference = *from.configMapKeyRef;
    return key_value(objects.config_map(namespace_, reference.localObjectReference.name), "configmap", namespace_, reference);
  }
  if (from.secretKeyRef) {
    const auto& reference = *from.secretKeyRef;
    return key_value(objects.secret(namespace_, reference.localObjectReference.name), "secret", namespace_, reference);
  }
  return std::optional<std::string>();
}

std::int64_t quotient(const api::Quantity& value, const api::Quantity& divisor, bool milli) {
  const std::int64_t unit = milli ? divisor.milli_value() : divisor.value();
  const std::int64_t amount = milli ? value.milli_value() : value.value();
  return unit <= 0 ? amount : (amount + unit - 1) / unit;
}

}  // namespace

std::string expand(std::string_view text, const std::function<const std::string*(std::string_view)>& lookup) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at++) {
    if (text[at] != '$' || at + 1 == text.size()) {
      out += text[at];
    } else if (text[at + 1] == '$') {
      out += '$';
      at++;
    } else if (const auto end = text[at + 1] == '(' ? text.find(')', at) : text.npos; end != text.npos) {
      const auto name = text.substr(at + 2, end - at - 2);
      const auto* value = lookup(name);
      out += value ? *value : "$(" + std::string(name) + ")";
      at = end;
    } else {
      out += '$';
    }
  }
  return out;
}

std::string expand(std::string_view text, const Variables& variables) {
  if (text.find('$') == text.npos) return std::string(text);
  return expand(text, [&](std::string_view name) -> const std::string* {
    const auto found = std::find_if(variables.begin(), variables.end(), [&](const auto& entry) { return entry.first == name; });
    return found == variables.end() ? nullptr : &found->second;
  });
}

std::string format_map(const api::Map<api::Str>& map) {
  std::string out;
  for (const auto& entry : map) {
    if (!out.empty()) out += '\n';
    out += entry.key.str() + "=\"";
    for (const char c : entry.value.view()) {
      if (c == '"' || c == '\\') out += '\\';
      if (c == '\n') out += "\\n";
      else out += c;
    }
    out += '"';
  }
  return out;
}

Result<std::string> field_value(const FieldContext& context, std::string_view path) {
  const auto& pod = context.pod;
  if (const auto key = subscript(path, "metadata.labels")) return pod.metadata.labels.get(*key).str();
  if (const auto key = subscript(path, "metadata.annotations")) return pod.metadata.annotations.get(*key).str();
  if (path == "metadata.name") return pod.metadata.name.str();
  if (path == "metadata.namespace") return pod.metadata.namespace_.str();
  if (path == "metadata.uid") return pod.metadata.uid.str();
  if (path == "metadata.labels") return format_map(pod.metadata.labels);
  if (path == "metadata.annotations") return format_map(pod.metadata.annotations);
  if (path == "spec.nodeName") return pod.spec.nodeName.str();
  if (path == "spec.serviceAccountName") return pod.spec.serviceAccountName.str();
  if (path == "status.hostIP" || path == "status.hostIPs") return context.host_ip;
  const auto& ips = context.pod_ips;
  if (path == "status.podIP") return ips.empty() ? std::string() : ips[0];
  if (path == "status.podIPs") return join(ips, ",");
  return fail(Code::invalid_argument, "unsupported fieldPath: " + std::string(path));
}

Result<std::string> resource_value(const FieldContext& context, const corev1::ResourceFieldSelector& selector, const corev1::Container* self) {
  const corev1::Container* container = self;
  if (!selector.containerName.empty())
    for (const auto* list : {&context.pod.spec.initContainers, &context.pod.spec.containers})
      for (const auto& item : *list)
        if (item.name == selector.containerName) container = &item;
  if (!container) return fail(Code::invalid_argument, "container " + selector.containerName.str() + " not found");
  const std::string_view resource = selector.resource;
  const auto dot = resource.find('.');
  const bool limits = resource.starts_with("limits.");
  if (!limits && !resource.starts_with("requests.")) return fail(Code::invalid_argument, "unsupported container resource : " + std::string(resource));
  const std::string_view name = resource.substr(dot + 1);
  const auto* found = (limits ? container->resources.limits : container->resources.requests).find(name);
  api::Quantity value;
  if (found) value = PLUMB_TRY(api::Quantity::parse(found->text));
  else if (limits && name == "cpu") value = api::Quantity::of_milli(context.allocatable_milli_cpu);
  else if (limits && name == "memory") value = api::Quantity::of(context.allocatable_memory);
  else if (limits && name == "ephemeral-storage") value = api::Quantity::of(context.allocatable_storage);
  const auto divisor = selector.divisor ? PLUMB_TRY(api::Quantity::parse(selector.divisor.text)) : api::Quantity();
  return std::to_string(quotient(value, divisor.is_zero() ? api::Quantity::of(1) : divisor, name == "cpu"));
}

Result<Variables> make_environment(const FieldContext& context, const corev1::Container& container, ReferencedObjects& objects,
                                   const Variables& service_variables) {
  const std::string_view namespace_ = context.pod.metadata.namespace_;
  Variables variables;
  for (const auto& from : container.envFrom) {
    if (from.configMapRef)
      PLUMB_TRY(add_all(variables, objects.config_map(namespace_, from.configMapRef->localObjectReference.name), "configmap", *from.configMapRef, from.prefix));
    if (from.secretRef)
      PLUMB_TRY(add_all(variables, objects.secret(namespace_, from.secretRef->localObjectReference.name), "secret", *from.secretRef, from.prefix));
  }
  for (const auto& env : container.env) {
    if (!env.valueFrom) {
      const auto lookup = [&](std::string_view name) -> const std::string* {
        for (const Variables* list : {static_cast<const Variables*>(&variables), &service_variables})
          for (const auto& entry : *list)
            if (entry.first == name) return &entry.second;
        return nullptr;
      };
      put(variables, env.name.str(), env.value.view().find('$') == std::string_view::npos ? env.value.str() : expand(env.value, lookup));
      continue;
    }
    if (auto value = PLUMB_TRY(referenced(context, *env.valueFrom, container, objects))) put(variables, env.name.str(), std::move(*value));
  }
  for (const auto& [name, value] : service_variables)
    if (std::none_of(variables.begin(), variables.end(), [&, &name = name](const auto& entry) { return entry.first == name; })) variables.emplace_back(name, value);
  return variables;
}

}  // namespace plumb::kubelet
