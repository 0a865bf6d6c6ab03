// metav1.LabelSelector: its meaning, its text and its rules.
#pragma once

#include "reference/api/text/label_selector.h"
#include "reference/api/types/metav1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// An absent selector matches nothing, an empty one everything. A selector that does not pass validation matches nothing.
api::LabelSelector to_selector(const metav1::LabelSelector* selector);
inline api::LabelSelector to_selector(const api::Box<metav1::LabelSelector>& selector) { return to_selector(selector.get()); }
// The same for the plain maps of replication controllers and services; empty matches everything.
api::LabelSelector to_selector(const api::Map<api::Str>& labels);

bool is_empty(const metav1::LabelSelector& selector);
bool matches(const api::LabelSelector& selector, const api::Map<api::Str>& labels);

// As tables show them: a=1,b in (x,y); <none> when empty.
std::string format_label_selector(const metav1::LabelSelector* selector);
std::string format_labels(const api::Map<api::Str>& labels);

// The rules of keys, operators and values.
void check_label_selector(const metav1::LabelSelector& selector, const FieldPath& path, FieldErrors& errors);
void check_labels(const api::Map<api::Str>& labels, const FieldPath& path, FieldErrors& errors);
// Upstream shows a selector as Go prints its struct.
std::string go_text(const metav1::LabelSelector& selector);
std::string go_text(const api::Map<api::Str>& map);

}  // namespace plumb::resources
