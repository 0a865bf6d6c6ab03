#include "reference/resources/shared/print.h"

#include <algorithm>

namespace plumb::resources {

std::vector<Column> with_container_columns(std::vector<Column> columns, bool selector) {
  columns.push_back(text_column("Containers", "The names of the template's containers.", 1));
  columns.push_back(text_column("Images", "The images of the template's containers.", 1));
  if (selector) columns.push_back(text_column("Selector", "The pods that belong to the object.", 1));
  return columns;
}

ContainerCells container_cells(const api::List<corev1::Container>& containers) {
  ContainerCells cells;
  for (const auto& container : containers) {
    if (&container != containers.begin()) {
      cells.names += ',';
      cells.images += ',';
    }
    cells.names += container.name.view();
    cells.images += container.image.view();
  }
  return cells;
}

std::string time_since(const api::Time& time, WallTime now) { return time ? human_duration(now - time.wall()) : "<unknown>"; }
std::string time_since(const api::MicroTime& time, WallTime now) { return time ? human_duration(now - time.wall()) : "<unknown>"; }

std::string or_else(std::string_view text, std::string_view otherwise) { return std::string(text.empty() ? otherwise : text); }

std::string join(const api::List<api::Str>& list, std::string_view separator) {
  std::string out;
  for (const auto& one : list) out.append(&one == list.begin() ? "" : separator).append(one.view());
  return out;
}

std::string text_of(const api::IntOrString& value) { return value.is_string() ? value.text.str() : std::to_string(value.number); }

std::string text_of(const api::Map<api::QuantityText>& amounts, std::string_view name) {
  const api::QuantityText* amount = amounts.find(name);
  return amount && *amount ? amount->text.str() : "0";
}

std::string access_modes(const api::List<api::Str>& modes) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
  std::string out;
  for (const auto& [name, brief] : names)
    if (std::find(modes.begin(), modes.end(), name) != modes.end()) out.append(out.empty() ? "" : ",").append(brief);
  return out;
}

std::string first_of_many(const std::vector<std::string>& list, std::size_t limit, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < std::min(limit, list.size()); ++i) out.append(i ? separator : "").append(list[i]);
  if (list.size() > limit) out += " + " + std::to_string(list.size() - limit) + " more...";
  return out;
}

}  // namespace plumb::resources
