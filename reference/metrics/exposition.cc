#include "reference/metrics/exposition.h"

#include <charconv>
#include <limits>

#include "harness/base/encoding.h"

namespace plumb::metrics_api {
namespace {

constexpr std::size_t max_labels = 64;

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':'; }

// What is left of a line.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}
  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
  }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view name() {
    std::size_t size = 0;
    while (size < text_.size() && is_name(text_[size])) ++size;
    return cut(size);
  }
  std::string_view word() { return cut(std::min(text_.find_first_of(" \t"), text_.size())); }
  // After the opening quote; nullopt when it does not end.
  std::optional<std::string> quoted() {
    std::string value;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        cut(i + 1);
        return value;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) {
        ++i;
        value += text_[i] == 'n' ? '\n' : text_[i];
      } else {
        value += text_[i];
      }
    }
    return std::nullopt;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view cut(std::size_t size) {
    const std::string_view part = text_.substr(0, size);
    text_.remove_prefix(size);
    return part;
  }
  std::string_view text_;
};

std::optional<double> sample_number(std::string_view text) {
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool read_labels(Line& line, Sample& sample) {
  for (;;) {
    line.skip_blanks();
    if (line.take('}')) return true;
    const std::string_view name = line.name();
    line.skip_blanks();
    if (name.empty() || !line.take('=')) return false;
    line.skip_blanks();
    if (!line.take('"')) return false;
    auto value = line.quoted();
    if (!value || sample.labels.size() == max_labels) return false;
    sample.labels.emplace_back(name, std::move(*value));
    line.skip_blanks();
    if (!line.take(',')) return line.take('}');
  }
}

bool read_sample(Line line, Sample& sample) {
  sample.name = line.name();
  if (sample.name.empty()) return false;
  line.skip_blanks();
  if (line.take('{') && !read_labels(line, sample)) return false;
  line.skip_blanks();
  const auto value = sample_number(line.word());
  if (!value) return false;
  sample.value = *value;
  line.skip_blanks();
  if (line.empty()) return true;
  sample.milliseconds = parse_int(line.word());
  line.skip_blanks();
  return sample.milliseconds && line.empty();
}

}  // namespace

std::string_view Sample::label(std::string_view label_name) const {
  for (const auto& [key, text] : labels)
    if (key == label_name) return text;
  return {};
}

Status read_exposition(std::string_view text, const std::function<void(const Sample&)>& visit) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++count;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || trim(line).starts_with('#')) continue;
    Sample sample;
    Line rest(line);
    rest.skip_blanks();
    if (!read_sample(rest, sample)) return fail(Code::invalid_argument, "reading metrics: line " + std::to_string(count) + " is no sample: " + std::string(line.substr(0, 100)));
    visit(sample);
  }
  return {};
}

}  // namespace plumb::metrics_api
