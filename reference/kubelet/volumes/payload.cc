#include "reference/kubelet/volumes/payload.h"

namespace plumb::kubelet {
namespace {

// All keys, or those that `items` names under the paths it gives them.
template <class Get, class All>
Status add_keys(const char* kind, std::string_view name, const api::List<corev1::KeyToPath>& items, bool optional, int mode, const Get& get, const All& all,
                Payload& payload) {
  if (items.empty()) return all(payload), Status();
  for (const auto& item : items) {
    const auto value = get(item.key.view());
    if (!value && optional) continue;
    if (!value) return fail(Code::not_found, std::string(kind) + " \"" + std::string(name) + "\": references non-existent " + kind + " key: " + item.key.str());
    payload[item.path.str()] = {*value, item.mode ? *item.mode : mode};
  }
  return {};
}

}  // namespace

Status PayloadPlugin::set_up(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const {
  auto content = PLUMB_TRY(payload(spec, context, tools.objects));
  const std::int64_t group = fs_group(context.pod);
  if (group >= 0)
    for (auto& [name, file] : content) file.mode |= 0040;
  if (in_memory()) PLUMB_TRY(mount_once(tools.mounter, path, [&] { return tools.mounter.mount_memory(path, "mode=0777"); }));
  const auto written = write_atomically(path, content, group);
  return written.ok() ? Status() : Status(written.error());
}

Status PayloadPlugin::refresh(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const {
  return set_up(spec, context, path, tools);
}

Status add_config_map(ReferencedObjects& objects, std::string_view namespace_, std::string_view name, const api::List<corev1::KeyToPath>& items,
                      bool optional, int mode, Payload& payload) {
  const auto map = PLUMB_TRY(objects.config_map(namespace_, name));
  if (!map) return optional ? Status() : Status(fail(Code::not_found, "configmap \"" + std::string(name) + "\" not found"));
  const auto get = [&](std::string_view key) -> std::optional<std::string> {
    if (const auto* text = map->data.find(key)) return text->str();
    if (const auto* bytes = map->binaryData.find(key)) return bytes->data.str();
    return std::nullopt;
  };
  const auto all = [&](Payload& to) {
    for (const auto& entry : map->data) to[entry.key.str()] = {entry.value.str(), mode};
    for (const auto& entry : map->binaryData) to[entry.key.str()] = {entry.value.data.str(), mode};
  };
  return add_keys("configmap", name, items, optional, mode, get, all, payload);
}

Status add_secret(ReferencedObjects& objects, std::string_view namespace_, std::string_view name, const api::List<corev1::KeyToPath>& items, bool optional,
                  int mode, Payload& payload) {
  const auto secret = PLUMB_TRY(objects.secret(namespace_, name));
  if (!secret) return optional ? Status() : Status(fail(Code::not_found, "secret \"" + std::string(name) + "\" not found"));
  const auto get = [&](std::string_view key) -> std::optional<std::string> {
    const auto* bytes = secret->data.find(key);
    return bytes ? std::optional(bytes->data.str()) : std::nullopt;
  };
  const auto all = [&](Payload& to) {
    for (const auto& entry : secret->data) to[entry.key.str()] = {entry.value.data.str(), mode};
  };
  return add_keys("secret", name, items, optional, mode, get, all, payload);
}

Status add_downward(const FieldContext& context, const api::List<corev1::DownwardAPIVolumeFile>& items, int mode, Payload& payload) {
  for (const auto& item : items) {
    std::string value;
    if (item.fieldRef) value = PLUMB_TRY(field_value(context, item.fieldRef->fieldPath));
    else if (item.resourceFieldRef) value = PLUMB_TRY(resource_value(context, *item.resourceFieldRef, nullptr));
    payload[item.path.str()] = {std::move(value), item.mode ? *item.mode : mode};
  }
  return {};
}

}  // namespace plumb::kubelet
