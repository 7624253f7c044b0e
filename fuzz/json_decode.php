<?php
// Compares fuzz/json_decode.txt with this PHP: php fuzz/json_decode.php

function messages(string $file): Generator
{
    foreach (file($file, FILE_IGNORE_NEW_LINES) as $line) {
        if ($line === '' || $line[0] === '#') {
            continue;
        }
        $nested = fn($found) => str_repeat('[', (int)$found[1]) . str_repeat(']', (int)$found[1]);
        yield $line => [$line[0] === '+', preg_replace_callback('/NEST\((\d+)\)/', $nested, stripcslashes(substr($line, 2)))];
    }
}

function accepts(string $message): bool
{
    json_decode($message, true);
    return json_last_error() === JSON_ERROR_NONE;
}

$wrong = 0;
$count = 0;
foreach (messages(__DIR__ . '/json_decode.txt') as $line => [$expected, $message]) {
    $count++;
    if (accepts($message) !== $expected) {
        echo "wrong: $line\n";
        $wrong++;
    }
}
echo PHP_VERSION, ": $count messages, $wrong wrong\n";
exit($wrong === 0 ? 0 : 1);
