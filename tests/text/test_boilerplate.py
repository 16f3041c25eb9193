"""Boilerplate: lines of the outlet are taken out, sentences of the article that begin alike are not."""

from __future__ import annotations

import pytest

from navab.text.boilerplate import split_boilerplate

BEFORE, AFTER = "The article begins here.", "And here it ends."

OF_THE_OUTLET = [
    "READ MORE: What you need to know about the vote",
    "See also: Why farm bankruptcies have climbed.",
    "À VOIR AUSSI: Grand débat national: les grandes lignes",
    "Lire aussi » La haine, la honte !",
    "Lesen Sie auch: Was der Minister sagte",
    "Das könnte Sie auch interessieren",
    "Das könnte Sie interessieren: Wie die Rente steigt",
    "Mehr zum Thema finden Sie auch im wöchentlichen Zins-Check:",
    "相关新闻",
    "相关阅读：中国经济怎么了？",
    "Related stories:",
    "（责任编辑：单晓冰）",
    "责任编辑：刘亮 王辉",
    "Quelle: Science, Rice University, Princeton University",
    "Foto: City-Press",
    "Photo : Miguel MEDINA / AFP",
    "Source: CDC, Chicago Department of Public Health",
    "Photo Credit: Getty Images",
    "Getty Images",
    "Getty Images/Glowimages",
    "Image caption CAD files showing how to print a gun are now back online",
    "© 2019 AFP",
    "© dpa-infocom, dpa:240429-99-845777/5 (dpa)",
    "(c) 2015 Washington Post Writers Group",
    "Copyright © 2019 The Washington Times, LLC. Click here for reprint permission.",
    "Copyright 2013 The Associated Press.",
    "COPYRIGHT 2016 BY JFS PRODUCTIONS INC.",
    "Copyright by Deutsche Welle",
    "All Rights Reserved 新浪公司 版权所有",
    "版权所有 新浪公司",
    "Alle Rechte vorbehalten.",
    "Advertisement",
    "Kommentare (15)",
]

OF_THE_ARTICLE = [
    "Copyright law must protect authors from machines, the culture minister said.",
    "Copyright by design is what the ministers want, said the commissioner",
    "(c) the authority shall report to parliament every year;",
    "Getty Images lost its case against the company, the High Court ruled",
    "All rights reserved to the states must be respected, the court said.",
    "Read more books, the president told the pupils.",
    "Related companies must pay the tax as well.",
    "Source: the minister said that she would resign",
    "Das könnte Sie interessieren ist der Titel des Programms, sagte die Ministerin.",
    "Auch interessant ist, dass die Regierung den Vorschlag ablehnt.",
    "Mehr zum Thema Rente will die Ministerin am Montag sagen.",
    "Lesen Sie auch das Kleingedruckte, riet der Minister.",
    "Alle Rechte vorbehalten hat sich der Staat, sagte der Richter.",
    "Bild: Der Kanzler sagte dem Blatt ab",
    "Tous droits réservés aux hommes doivent être abolis, a dit la ministre.",
    "Crédits : le gouvernement a annoncé une hausse",
    "Lire aussi des journaux étrangers est utile, a déclaré le ministre.",
    "Partager le pouvoir n'est pas facile.",
    "相关新闻发布后，外交部发言人表示，中方坚决反对任何形式的干涉。",
    "相关阅读材料已经发给学生",
    "版权所有者要求法院禁止该公司使用其作品",
    "编辑：我认为这个问题很重要",
    "分享经济正在改变城市",
]


@pytest.mark.parametrize("line", OF_THE_OUTLET)
def test_a_line_of_the_outlet_is_taken_out_and_kept_apart(line: str) -> None:
    assert split_boilerplate([BEFORE, line, AFTER]) == (f"{BEFORE}\n{AFTER}", line)


@pytest.mark.parametrize("line", OF_THE_ARTICLE)
def test_a_sentence_of_the_article_stays(line: str) -> None:
    assert split_boilerplate([BEFORE, line, AFTER]) == (f"{BEFORE}\n{line}\n{AFTER}", None)


def test_a_text_of_such_lines_alone_is_kept() -> None:
    assert split_boilerplate(["© 2019 AFP", "Advertisement"]) == ("© 2019 AFP\nAdvertisement", None)
