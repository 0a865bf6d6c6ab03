// Rules of pod specs, wherever they stand.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

void check_pod_spec(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
// Metadata of the template, and its spec.
void check_pod_template(const corev1::PodTemplateSpec& pod_template, const FieldPath& path, FieldErrors& errors);
// What a template must be under a controller that keeps pods running: selected by the controller, restarted always, without an end.
// `kind` names the controller in messages.
void check_running_template(const corev1::PodTemplateSpec& pod_template, const api::Box<metav1::LabelSelector>& selector,
                            std::string_view kind, const FieldPath& path, FieldErrors& errors);
// The selector of such a controller: there, valid, not empty. `kind` is lower case.
void check_controller_selector(const api::Box<metav1::LabelSelector>& selector, std::string_view kind, const FieldPath& path, FieldErrors& errors);

// The parts, in files of their own.
void check_containers(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void check_resources(const corev1::ResourceRequirements& resources, const FieldPath& path, FieldErrors& errors);
// A name that a container may ask for.
void check_resource_name(std::string_view name, const FieldPath& path, FieldErrors& errors);
void check_resource_amount(std::string_view name, const api::QuantityText& amount, const FieldPath& path, FieldErrors& errors);
void check_volumes(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
// One volume has one type: of the structs that `source`, a struct of boxes, holds, those beyond the first are refused by name, `first` before
// all and then in the order of the schema. True when there is just one.
bool check_single_type(const api::TypeInfo& type, const void* source, std::string_view first, const FieldPath& path, FieldErrors& errors);
// What volumes of pods and persistent volumes have in common.
void check_host_path(const corev1::HostPathVolumeSource& source, const FieldPath& path, FieldErrors& errors);
void check_nfs(const corev1::NFSVolumeSource& source, const FieldPath& path, FieldErrors& errors);
void check_no_backsteps(std::string_view value, const FieldPath& path, FieldErrors& errors);
void check_downward_field(const corev1::ObjectFieldSelector& field, bool in_environment, const FieldPath& path, FieldErrors& errors);
void check_downward_resource(const corev1::ResourceFieldSelector& field, bool in_volume, const FieldPath& path, FieldErrors& errors);
void check_scheduling(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void check_tolerations(const api::List<corev1::Toleration>& tolerations, const FieldPath& path, FieldErrors& errors);
// At least one term, each well formed.
void check_node_selector(const corev1::NodeSelector& selector, const FieldPath& path, FieldErrors& errors);
void check_node_selector_term(const corev1::NodeSelectorTerm& term, const FieldPath& path, FieldErrors& errors);
void check_security(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors);
void check_container_security(const corev1::SecurityContext& context, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
