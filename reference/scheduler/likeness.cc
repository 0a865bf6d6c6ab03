#include "reference/scheduler/likeness.h"

#include "reference/api/codec/protobuf.h"

namespace plumb::scheduler {

namespace {

bool is_made_on_the_node(const corev1::VolumeSource& source) {
  return source.projected || source.configMap || source.secret || source.downwardAPI || source.emptyDir || source.hostPath;
}

// Amounts and ports are added as they have been worked out.
corev1::PodSpec without_containers(const corev1::PodSpec& spec) {
  corev1::PodSpec left = spec;
  left.containers.clear();
  left.initContainers.clear();
  left.volumes.clear();
  for (const corev1::Volume& volume : spec.volumes)
    if (!is_made_on_the_node(volume.volumeSource)) left.volumes.push_back(volume);
  return left;
}

void add(std::string& text, std::string_view part) {
  text += std::to_string(part.size()) += ':';
  text += part;
}

}  // namespace

std::string likeness(const PodInfo& info) {
  const corev1::Pod& pod = *info.pod;
  std::string text;
  add(text, pod.metadata.namespace_);
  for (const auto& [key, value] : pod.metadata.labels) add(text, key), add(text, value);
  text += ';';
  for (const metav1::OwnerReference& owner : pod.metadata.ownerReferences) add(text, owner.uid), add(text, owner.name);
  text += ';';
  for (const std::int64_t amount : {info.requests.cpu, info.requests.memory, info.requests.ephemeral_storage}) text += std::to_string(amount) += ',';
  for (const auto& [name, amount] : info.requests.scalars) add(text, name), text += std::to_string(amount) += ',';
  text += ';';
  for (const HostPort& port : info.ports) add(text, port.ip), add(text, port.protocol), text += std::to_string(port.port) += ',';
  text += ';';
  const corev1::PodSpec spec = without_containers(pod.spec);
  // The claims of ephemeral volumes are named after the pod.
  for (const corev1::Volume& volume : spec.volumes)
    if (volume.volumeSource.ephemeral) add(text, pod.metadata.name);
  text += ';';
  api::encode_protobuf_message(corev1::PodSpec::info(), &spec, text);
  return text;
}

}  // namespace plumb::scheduler
