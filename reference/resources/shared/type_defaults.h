// Defaults that belong to a type wherever it stands: upstream's SetDefaults_* functions and `+default` markers.
//
// One walk over an object's table finds every struct with a rule and applies it, the outer struct first, as upstream's generated
// defaulters do. A rule registers itself beside what it is about:
//
//   const TypeDefault<corev1::Probe> probe{[](corev1::Probe& probe) { if (!probe.periodSeconds) probe.periodSeconds = 10; }};
//
// Fields whose type or marker gives no rule cost nothing: what a walk visits is worked out once a type.
#pragma once

#include "reference/api/object.h"

namespace plumb::resources {

using DefaultRule = void (*)(void* structure);
// At static initialisation only.
void add_type_default(const api::TypeInfo& type, DefaultRule rule);

// Safe from any thread. Applying twice changes nothing more.
void apply_type_defaults(api::Object& object);
void apply_type_defaults(const api::TypeInfo& type, void* structure);

template <class T>
struct TypeDefault {
  template <class Rule>
  explicit TypeDefault(Rule) {
    add_type_default(T::type_info, [](void* structure) { Rule{}(*static_cast<T*>(structure)); });
  }
};

}  // namespace plumb::resources
