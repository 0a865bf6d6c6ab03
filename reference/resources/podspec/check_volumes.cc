#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "reference/resources/persistentvolumeclaims/claim_rules.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

constexpr std::string_view mode_problem = "must be a number between 0 and 0777 (octal), both inclusive";

void check_mode(const api::Opt<std::int32_t>& mode, const FieldPath& path, FieldErrors& errors) {
  if (mode && (*mode < 0 || *mode > 0777)) errors.invalid(path, std::to_string(*mode), mode_problem);
}

// A path below the volume, which does not touch what the kubelet keeps there for itself.
void check_file_path(std::string_view value, const FieldPath& path, FieldErrors& errors) {
  if (value.starts_with('/')) errors.invalid(path, quoted(value), "must be a relative path");
  check_no_backsteps(value, path, errors);
  if (value.starts_with("..") && !value.starts_with("../")) errors.invalid(path, quoted(value), "must not start with '..'");
}

void check_items(const api::List<corev1::KeyToPath>& items, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    check_required(items[i].key, path.index(i).child("key"), errors);
    check_required(items[i].path, path.index(i).child("path"), errors);
    check_file_path(items[i].path, path.index(i).child("path"), errors);
    check_mode(items[i].mode, path.index(i).child("mode"), errors);
  }
}

void check_files(const api::List<corev1::DownwardAPIVolumeFile>& files, const FieldPath& path, FieldErrors& errors) {
  for (const auto& file : files) {
    check_required(file.path, path.child("path"), errors);
    check_file_path(file.path, path.child("path"), errors);
    if (file.fieldRef) check_downward_field(*file.fieldRef, false, path.child("fieldRef"), errors);
    if (file.resourceFieldRef) check_downward_resource(*file.resourceFieldRef, true, path.child("resourceFieldRef"), errors);
    if (file.fieldRef && file.resourceFieldRef) errors.invalid(path, "\"resource\"", "fieldRef and resourceFieldRef can not be specified simultaneously");
    if (!file.fieldRef && !file.resourceFieldRef) errors.required(path, "one of fieldRef and resourceFieldRef is required");
    check_mode(file.mode, path.child("mode"), errors);
  }
}

void check_token(const corev1::ServiceAccountTokenProjection& token, const FieldPath& volume, const FieldPath& path, FieldErrors& errors) {
  const std::int64_t seconds = token.expirationSeconds.value_or(3600);
  const FieldPath at = path.child("expirationSeconds");
  if (seconds < 600) errors.invalid(at, std::to_string(seconds), "may not specify a duration less than 10 minutes");
  if (seconds > std::int64_t{1} << 32) errors.invalid(at, std::to_string(seconds), "may not specify a duration larger than 2^32 seconds");
  check_required(token.path, volume.child("path"), errors);
}

void check_projected(const corev1::ProjectedVolumeSource& projected, const FieldPath& path, FieldErrors& errors) {
  check_mode(projected.defaultMode, path.child("defaultMode"), errors);
  for (std::size_t i = 0; i < projected.sources.size(); ++i) {
    const auto& source = projected.sources[i];
    const FieldPath at = path.child("sources").index(i);
    if (source.secret) {
      check_required(source.secret->localObjectReference.name, at.child("secret").child("name"), errors);
      check_items(source.secret->items, at.child("secret").child("items"), errors);
    }
    if (source.configMap) {
      check_required(source.configMap->localObjectReference.name, at.child("configMap").child("name"), errors);
      check_items(source.configMap->items, at.child("configMap").child("items"), errors);
    }
    if (source.downwardAPI) check_files(source.downwardAPI->items, at.child("downwardAPI"), errors);
    if (source.serviceAccountToken) check_token(*source.serviceAccountToken, path, at.child("serviceAccountToken"), errors);
    const int kinds = source.secret.has_value() + source.configMap.has_value() + source.downwardAPI.has_value() +
                      source.serviceAccountToken.has_value() + source.clusterTrustBundle.has_value() + source.podCertificate.has_value();
    if (kinds > 1) errors.forbidden(at, "may not specify more than 1 volume type");
  }
}

void check_source(const corev1::VolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  if (source.hostPath) check_host_path(*source.hostPath, path.child("hostPath"), errors);
  if (source.emptyDir && source.emptyDir->sizeLimit) {
    const auto limit = api::Quantity::parse(source.emptyDir->sizeLimit.text);
    if (limit.ok() && limit->sign() < 0) errors.forbidden(path.child("emptyDir").child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
  }
  if (source.secret) {
    check_required(source.secret->secretName, path.child("secret").child("secretName"), errors);
    check_mode(source.secret->defaultMode, path.child("secret").child("defaultMode"), errors);
    check_items(source.secret->items, path.child("secret").child("items"), errors);
  }
  if (source.configMap) {
    check_required(source.configMap->localObjectReference.name, path.child("configMap").child("name"), errors);
    check_mode(source.configMap->defaultMode, path.child("configMap").child("defaultMode"), errors);
    check_items(source.configMap->items, path.child("configMap").child("items"), errors);
  }
  if (source.persistentVolumeClaim)
    check_required(source.persistentVolumeClaim->claimName, path.child("persistentVolumeClaim").child("claimName"), errors);
  if (source.downwardAPI) {
    check_mode(source.downwardAPI->defaultMode, path.child("downwardAPI").child("defaultMode"), errors);
    check_files(source.downwardAPI->items, path.child("downwardAPI"), errors);
  }
  if (source.projected) check_projected(*source.projected, path.child("projected"), errors);
  if (source.csi) check_required(source.csi->driver, path.child("csi").child("driver"), errors);
  if (source.ephemeral && !source.ephemeral->volumeClaimTemplate) errors.required(path.child("ephemeral").child("volumeClaimTemplate"));
  if (source.image) check_required(source.image->reference, path.child("image").child("reference"), errors);
  if (source.nfs) check_nfs(*source.nfs, path.child("nfs"), errors);
  if (source.ephemeral && source.ephemeral->volumeClaimTemplate)
    check_claim_spec(source.ephemeral->volumeClaimTemplate->spec, path.child("ephemeral").child("volumeClaimTemplate").child("spec"), errors);
}

}  // namespace

void check_no_backsteps(std::string_view value, const FieldPath& path, FieldErrors& errors) {
  if (("/" + std::string(value) + "/").find("/../") != std::string::npos) errors.invalid(path, quoted(value), "must not contain '..'");
}

void check_host_path(const corev1::HostPathVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  if (source.path.empty()) return errors.required(path.child("path"));
  check_no_backsteps(source.path, path.child("path"), errors);
}

void check_nfs(const corev1::NFSVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  check_required(source.server, path.child("server"), errors);
  check_required(source.path, path.child("path"), errors);
  if (!source.path.view().starts_with('/')) errors.invalid(path.child("path"), quoted(source.path), "must be an absolute path");
}

bool check_single_type(const api::TypeInfo& type, const void* source, std::string_view first, const FieldPath& path, FieldErrors& errors) {
  const auto is_set = [&](const api::FieldInfo& field) {
    const void* inner = nullptr;
    std::memcpy(&inner, static_cast<const char*>(source) + field.offset, sizeof inner);
    return inner != nullptr;
  };
  int found = 0;
  for (const api::FieldInfo& field : type.json_fields)
    if (field.name == first && is_set(field)) ++found;
  for (const api::FieldInfo& field : type.json_fields)
    if (field.name != first && is_set(field) && found++) errors.forbidden(path.child(field.name), "may not specify more than 1 volume type");
  if (!found) errors.required(path, "must specify a volume type");
  return found == 1;
}

void check_volumes(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
    const auto& volume = spec.volumes[i];
    const FieldPath at = path.child("volumes").index(i);
    if (check_single_type(corev1::VolumeSource::info(), &volume.volumeSource, "emptyDir", at, errors)) check_source(volume.volumeSource, at, errors);
    if (volume.name.empty())
      errors.required(at.child("name"));
    else
      check_text(api::check_dns1123_label(volume.name), at.child("name"), volume.name, errors);
    if (!names.insert(volume.name).second) errors.duplicate(at.child("name"), quoted(volume.name));
  }
}

void check_downward_field(const corev1::ObjectFieldSelector& field, bool in_environment, const FieldPath& path, FieldErrors& errors) {
  static const std::vector<std::string_view> environment = {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
                                                            "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"};
  static const std::vector<std::string_view> files = {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"};
  const std::string_view name = field.fieldPath;
  if (name.empty()) return errors.required(path.child("fieldPath"));
  if (const std::size_t open = name.find("['"); open != std::string_view::npos && name.ends_with("']")) {
    const std::string_view of = name.substr(0, open), key = name.substr(open + 2, name.size() - open - 4);
    if (of == "metadata.labels")
      check_text(api::check_qualified_name(key), path, key, errors);
    else if (of == "metadata.annotations")
      check_text(api::check_annotation_key(key), path, key, errors);
    else
      errors.invalid(path, quoted(of), "does not support subscript");
    return;
  }
  const auto& known = in_environment ? environment : files;
  const auto is = [&](const auto& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
  if (is(known)) return;
  if (is(environment) || is(files) || name == "spec.restartPolicy" || name == "status.phase")
    return errors.not_supported(path.child("fieldPath"), quoted(name), known);
  errors.invalid(path.child("fieldPath"), quoted(name), "error converting fieldPath: field label not supported: " + std::string(name));
}

void check_downward_resource(const corev1::ResourceFieldSelector& field, bool in_volume, const FieldPath& path, FieldErrors& errors) {
  static const std::vector<std::string_view> known = {"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                                                      "requests.cpu", "requests.ephemeral-storage", "requests.memory"};
  if (in_volume && field.containerName.empty()) return errors.required(path.child("containerName"));
  if (field.resource.empty()) return errors.required(path.child("resource"));
  const std::string_view name = field.resource;
  if (name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-")) return;
  if (std::find(known.begin(), known.end(), name) == known.end()) errors.not_supported(path.child("resource"), quoted(name), known);
}

}  // namespace plumb::resources
