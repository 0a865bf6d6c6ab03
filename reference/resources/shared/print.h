// Columns and cells that the tables of several resources share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {

inline Column name_column() { return {"Name", "string", "name", "Unique within the namespace."}; }
inline Column age_column() { return {"Age", "string", "", "Time since the object was created."}; }
inline Column text_column(std::string name, std::string description, int priority = 0) {
  return {std::move(name), "string", "", std::move(description), priority};
}
inline Column number_column(std::string name, std::string description, int priority = 0) {
  return {std::move(name), "integer", "", std::move(description), priority};
}
inline Column flag_column(std::string name, std::string description, int priority = 0) {
  return {std::move(name), "boolean", "", std::move(description), priority};
}
// Containers, Images and, where `selector`, Selector: for -o wide.
std::vector<Column> with_container_columns(std::vector<Column> columns, bool selector = true);

struct ContainerCells {
  std::string names, images;  // joined by commas
};
ContainerCells container_cells(const api::List<corev1::Container>& containers);

// "<unknown>" when unset.
std::string time_since(const api::Time& time, WallTime now);
std::string time_since(const api::MicroTime& time, WallTime now);
std::string or_else(std::string_view text, std::string_view otherwise);
std::string join(const api::List<api::Str>& list, std::string_view separator);
std::string text_of(const api::IntOrString& value);
// What a quantity prints as; an absent one is 0.
std::string text_of(const api::Map<api::QuantityText>& amounts, std::string_view name);
// The access modes' short names: RWO, ROX, RWX, RWOP.
std::string access_modes(const api::List<api::Str>& modes);
// "a,b,c + 2 more..."
std::string first_of_many(const std::vector<std::string>& list, std::size_t limit, std::string_view separator = ",");

}  // namespace plumb::resources
