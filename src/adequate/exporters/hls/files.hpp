// Packed integers in files, for programs that run the network; nothing of this is synthesized.
#ifndef ADEQUATE_FILES_HPP
#define ADEQUATE_FILES_HPP

#include <cstdio>
#include <string>
#include <vector>

#include "arithmetic.hpp"

using widest = integer<128>;

struct bytes_of_file {
    std::string path;
    std::vector<unsigned char> bytes;
    std::size_t used = 0;
    bool whole = false;

    explicit bytes_of_file(const std::string& path) : path(path) {
        std::FILE* file = std::fopen(path.c_str(), "rb");
        if (!file) return;
        unsigned char part[65536];
        for (std::size_t n; (n = std::fread(part, 1, sizeof part, file)) > 0;) bytes.insert(bytes.end(), part, part + n);
        whole = !std::ferror(file);
        std::fclose(file);
    }
};

// The next `count` integers of `width` bits, lowest bit first; they begin in a byte of their own.
template <typename T>
bool unpack(bytes_of_file& file, T* integers, long count, int width, bool is_signed) {
    const std::size_t size = (std::size_t(count) * width + 7) / 8;
    if (!file.whole || file.bytes.size() - file.used < size) {
        std::fprintf(stderr, "%s is missing or too short\n", file.path.c_str());
        return false;
    }
    const unsigned char* from = file.bytes.data() + file.used;
    for (std::size_t i = 0, at = 0; i < std::size_t(count); ++i) {
        widest n = 0;
        for (int bit = 0; bit < width; ++bit, ++at) n |= widest(from[at / 8] >> (at % 8) & 1) << bit;
        if (is_signed && (n >> (width - 1)) != 0) n -= moved_up(widest(1), width);
        integers[i] = T(n);
    }
    file.used += size;
    return true;
}

template <typename T>
bool pack(std::FILE* file, const T* integers, long count, int width) {
    std::vector<unsigned char> bytes((std::size_t(count) * width + 7) / 8);
    for (std::size_t i = 0, at = 0; i < std::size_t(count); ++i)
        for (int bit = 0; bit < width; ++bit, ++at)
            if (((widest(integers[i]) >> bit) & 1) != 0) bytes[at / 8] |= (unsigned char)(1 << (at % 8));
    return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
}

inline std::string decimal(widest n) {
    std::string digits;
    const bool negative = n < 0;
    do {
        const int digit = int(n % 10);
        digits.insert(digits.begin(), char('0' + (digit < 0 ? -digit : digit)));
        n = n / 10;
    } while (n != 0);
    return negative ? "-" + digits : digits;
}

#endif
